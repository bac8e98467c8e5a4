-- the history of affected users
SELECT
  h.*
FROM users_history AS h
WHERE
  h.user_id IN (
    SELECT
      a."userId"
    FROM affected_users AS a
  );
