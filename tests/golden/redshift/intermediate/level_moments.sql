-- the levels of each user, millisecond by millisecond, on the days with two levels
SELECT
  u."userId",
  u.ts,
  MIN(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END
  ) AS level,
  MAX(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END
  ) AS last_level
FROM user_rows AS u
JOIN level_days AS d
  ON d."userId" = u."userId" AND d.day = u.ts - u.ts % 86400000
WHERE
  d.level <> d.last_level
GROUP BY
  u."userId",
  u.ts;
