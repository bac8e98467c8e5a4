/*
about: a user's level is free or paid
severity: warning
key: user_id
*/
SELECT u.user_id, u.level
FROM users AS u
WHERE u.level NOT IN ('free', 'paid')
