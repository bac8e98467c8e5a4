-- days in which rows of a user come or go, and after which the user has others
SELECT
  d."userId",
  d.day + 86400000 AS day_end
FROM user_days AS d
JOIN users AS u
  ON u.user_id = d."userId"
WHERE
  DATEDIFF(MILLISECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), u.last_seen_at) >= d.day + 86400000;
