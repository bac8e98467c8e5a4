-- gender is F, M or not given
SELECT
  u.user_id,
  u.gender
FROM users AS u
WHERE
  NOT u.gender IN ('F', 'M');
