/*
about: the rows of affected users
*/
SELECT u.*
FROM users AS u
WHERE u.user_id IN (SELECT a."userId" FROM affected_users AS a)
