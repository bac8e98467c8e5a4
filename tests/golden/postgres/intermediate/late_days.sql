-- days in which rows of a user come or go, and after which the user has others
SELECT
  d."userId",
  d.day + 86400000 AS day_end
FROM user_days AS d
JOIN users AS u
  ON u.user_id = d."userId"
WHERE
  CAST(EXTRACT(EPOCH FROM u.last_seen_at) * 1000 AS BIGINT) >= d.day + 86400000;
