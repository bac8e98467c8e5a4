/*
about: the level of affected users at the moments at which it may change: on the days in which rows come or go as staging
  has it now, at other times as the history has it
*/
SELECT s."userId", s.ts, s.level
FROM model.level_steps AS s
UNION ALL
SELECT k."userId", k.ts, k.level
FROM (
  SELECT h.user_id AS "userId", TO_MILLIS(h.valid_from) AS ts, h.level
  FROM users_history AS h
  JOIN affected_users AS a
    ON a."userId" = h.user_id
) AS k
LEFT JOIN user_days AS d
  ON d."userId" = k."userId" AND d.day = k.ts - k.ts % 86400000
LEFT JOIN unsettled AS n
  ON n."userId" = k."userId"
WHERE d.day IS NULL AND n."userId" IS NULL
