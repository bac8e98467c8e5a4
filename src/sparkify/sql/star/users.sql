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
  e."firstName" AS first_name,
  e."lastName" AS last_name,
  e.gender,
  e.level,
  FROM_MILLIS(e.ts) AS last_seen_at
FROM (
  SELECT
    u.*,
    ROW_NUMBER() OVER (PARTITION BY u."userId" ORDER BY LAST_EVENT(u)) AS nth
  FROM staging_events AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE e.nth = 1
