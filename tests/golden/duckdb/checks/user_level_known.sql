-- a user's level is free or paid
SELECT
  u.user_id,
  u.level
FROM users_affected AS u
WHERE
  NOT u.level IN ('free', 'paid');
