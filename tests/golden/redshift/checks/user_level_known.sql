-- a user's level is free or paid
SELECT
  u.user_id,
  u.level
FROM users AS u
WHERE
  NOT u.level IN ('free', 'paid');
