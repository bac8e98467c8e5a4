-- every user has one current level, that of users, and each earlier level ends where the next one begins
SELECT
  u.user_id,
  u.level,
  h.current_level,
  h.current_rows,
  h.wrong_rows
FROM users_affected AS u
LEFT JOIN (
  SELECT
    r.user_id,
    MAX(CASE WHEN r.current THEN r.level END) AS current_level,
    SUM(CASE WHEN r.current THEN 1 ELSE 0 END) AS current_rows,
    SUM(r.wrong) AS wrong_rows
  FROM (
    SELECT
      s.user_id,
      s.level,
      s.current,
      CASE
        WHEN s.next_from IS NULL AND s.current AND s.valid_to IS NULL
        THEN 0
        WHEN s.next_from = s.valid_to AND s.next_level <> s.level AND NOT s.current
        THEN 0
        ELSE 1
      END AS wrong
    FROM (
      SELECT
        t.user_id,
        t.level,
        t.valid_to,
        t.current,
        LEAD(t.valid_from) OVER (PARTITION BY t.user_id ORDER BY t.valid_from) AS next_from,
        LEAD(t.level) OVER (PARTITION BY t.user_id ORDER BY t.valid_from) AS next_level
      FROM users_history_affected AS t
    ) AS s
  ) AS r
  GROUP BY
    r.user_id
) AS h
  ON h.user_id = u.user_id
WHERE
  h.user_id IS NULL
  OR h.current_level <> u.level
  OR h.current_rows <> 1
  OR h.wrong_rows <> 0;
