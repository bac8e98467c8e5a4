-- the levels of each user, day by day. On nearly every day a user has one level: millions of events become a few rows, and only the days with two levels are looked at event by event
SELECT
  u."userId",
  u.ts - u.ts % 86400000 AS day,
  MIN(u.ts) AS ts,
  MAX(u.ts) AS last_ts,
  MIN(CASE WHEN u.level LIKE '% ' THEN RTRIM(u.level, ' ') ELSE u.level END) AS level,
  MAX(CASE WHEN u.level LIKE '% ' THEN RTRIM(u.level, ' ') ELSE u.level END) AS last_level
FROM user_rows AS u
GROUP BY
  u."userId",
  u.ts - u.ts % 86400000;
