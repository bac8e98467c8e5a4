/*
about: each user's level over time, one row per change; a user's rows follow each other without gaps
key: user_id, valid_from
sort: user_id
references: user_id -> users.user_id
columns:
  user_id     BIGINT     not null  whose level
  level       VARCHAR    not null  free or paid, from valid_from until before valid_to
  valid_from  TIMESTAMP  not null  when the first event with this level happened, UTC, to the millisecond
  valid_to    TIMESTAMP            the next row's valid_from, at which this level holds no more; NULL while it is current
  current     BOOLEAN    not null  whether it is the user's last level, that of users
*/
SELECT
  c."userId" AS user_id,
  c.level,
  FROM_MILLIS(c.ts) AS valid_from,
  FROM_MILLIS(c.next_ts) AS valid_to,
  c.next_ts IS NULL AS current
FROM (
  SELECT
    n."userId",
    n.level,
    n.ts,
    LEAD(n.ts) OVER (PARTITION BY n."userId" ORDER BY n.ts) AS next_ts
  FROM (
    SELECT
      s."userId",
      s.ts,
      s.level,
      LAG(s.level) OVER (PARTITION BY s."userId" ORDER BY s.ts) AS level_before
    FROM level_steps AS s
  ) AS n
  WHERE n.level_before IS NULL OR n.level_before <> n.level
) AS c
