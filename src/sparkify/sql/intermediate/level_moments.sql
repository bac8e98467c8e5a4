/*
about: the levels of each user, millisecond by millisecond, on the days with two levels
*/
SELECT u."userId", u.ts, MIN_TEXT(TRIMMED(u.level)) AS level, MAX_TEXT(TRIMMED(u.level)) AS last_level
FROM user_rows AS u
JOIN level_days AS d
  ON d."userId" = u."userId" AND d.day = u.ts - u.ts % 86400000
WHERE d.level <> d.last_level
GROUP BY u."userId", u.ts
