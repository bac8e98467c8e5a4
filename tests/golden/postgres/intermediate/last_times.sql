-- when each user had their last events
SELECT
  u."userId",
  MAX(u.ts) AS ts
FROM user_rows AS u
GROUP BY
  u."userId";
