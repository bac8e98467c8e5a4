-- every user seen in any event; all values from that user's last event
SELECT
  e."userId" AS user_id,
  e."firstName" AS first_name,
  e."lastName" AS last_name,
  e.gender,
  e.level,
  (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + e.ts / 1000 * INTERVAL '1 SECOND' + e.ts % 1000 * INTERVAL '1 MILLISECOND'
  ) AS last_seen_at
FROM (
  SELECT
    u.*,
    ROW_NUMBER() OVER (
      PARTITION BY u."userId"
      ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, u.page DESC, u.level DESC, u.auth DESC, u.method DESC, u.status DESC, u."firstName" DESC, u."lastName" DESC, u.gender DESC, u.location DESC, u."userAgent" DESC, u.registration DESC, u.artist DESC, u.song DESC, u.length DESC
    ) AS nth
  FROM staging_events AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE
  e.nth = 1;
