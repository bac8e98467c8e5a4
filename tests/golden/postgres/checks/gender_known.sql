-- gender is F, M or not given
SELECT
  u.user_id,
  u.gender
FROM users_affected AS u
WHERE
  NOT u.gender IN ('F', 'M');
