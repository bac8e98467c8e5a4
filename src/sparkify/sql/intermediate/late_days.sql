/*
about: days in which rows of a user come or go, and after which the user has others
*/
SELECT d."userId", d.day + 86400000 AS day_end
FROM user_days AS d
JOIN users AS u
  ON u.user_id = d."userId"
WHERE TO_MILLIS(u.last_seen_at) >= d.day + 86400000
