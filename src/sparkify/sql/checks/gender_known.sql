/*
about: gender is F, M or not given
severity: warning
key: user_id
*/
SELECT u.user_id, u.gender
FROM users_affected AS u
WHERE u.gender NOT IN ('F', 'M')
