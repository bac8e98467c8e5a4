-- the levels of those users on those days
SELECT
  u."userId",
  u.ts,
  u.level
FROM staging_events AS u
JOIN user_days AS d
  ON d."userId" = u."userId" AND d.day = u.ts - u.ts % 86400000
WHERE
  IN_SPAN(u.ts);
