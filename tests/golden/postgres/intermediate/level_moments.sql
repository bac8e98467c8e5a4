-- the levels of each user, millisecond by millisecond, on the days with two levels
SELECT
  u."userId",
  u.ts,
  CASE
    WHEN MIN(u.level COLLATE "C") LIKE '% '
    THEN TRIM(TRAILING ' ' FROM MIN(u.level COLLATE "C"))
    ELSE MIN(u.level COLLATE "C")
  END AS level,
  CASE
    WHEN MAX(u.level COLLATE "C") LIKE '% '
    THEN TRIM(TRAILING ' ' FROM MAX(u.level COLLATE "C"))
    ELSE MAX(u.level COLLATE "C")
  END AS last_level
FROM user_rows AS u
JOIN level_days AS d
  ON d."userId" = u."userId" AND d.day = u.ts - u.ts % 86400000
WHERE
  d.level <> d.last_level
GROUP BY
  u."userId",
  u.ts;
