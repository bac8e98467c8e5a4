/*
about: a user's level is free or paid
severity: warning
key: user_id
*/
SELECT u.user_id, u.level
FROM users_affected AS u
WHERE u.level NOT IN ('free', 'paid')
