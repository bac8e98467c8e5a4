-- every user seen in any event; all values from that user's last event
SELECT
  e."userId" AS user_id,
  COALESCE(f.repaired_text, e."firstName") AS first_name,
  COALESCE(l.repaired_text, e."lastName") AS last_name,
  e.gender,
  CASE WHEN e.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM e.level) ELSE e.level END AS level,
  (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + e.ts / 1000 * INTERVAL '1 SECOND' + e.ts % 1000 * INTERVAL '1 MILLISECOND'
  ) AS last_seen_at
FROM last_events AS e
LEFT JOIN etl_repairs AS f
  ON f.raw_text = e."firstName"
LEFT JOIN etl_repairs AS l
  ON l.raw_text = e."lastName";
