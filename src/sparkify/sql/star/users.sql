/*
about: every user seen in any event; all values from that user's last event
key: user_id
sort: user_id
columns:
  user_id       BIGINT     not null  number of the user
  first_name    VARCHAR              given name
  last_name     VARCHAR              family name
  gender        VARCHAR              F or M
  level         VARCHAR    not null  free or paid, now
  last_seen_at  TIMESTAMP  not null  when the last event happened, UTC
*/
SELECT
  e."userId" AS user_id,
  COALESCE(f.repaired_text, e."firstName") AS first_name,
  COALESCE(l.repaired_text, e."lastName") AS last_name,
  e.gender,
  TRIMMED(e.level) AS level,
  FROM_MILLIS(e.ts) AS last_seen_at
FROM last_events AS e
LEFT JOIN etl_repairs AS f
  ON f.raw_text = e."firstName"
LEFT JOIN etl_repairs AS l
  ON l.raw_text = e."lastName"
