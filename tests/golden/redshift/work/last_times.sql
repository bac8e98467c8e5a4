-- when each user had their last events; the rows themselves are looked at only for these few
SELECT
  u."userId",
  MAX(u.ts) AS ts
FROM user_rows AS u
GROUP BY
  u."userId";
