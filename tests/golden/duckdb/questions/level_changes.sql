-- Upgrades and downgrades
SELECT
  CAST(h.valid_from AS DATE) AS day,
  CASE WHEN h.level = 'paid' THEN 'upgrade' ELSE 'downgrade' END AS direction,
  COUNT(*) AS changes
FROM users_history AS h
JOIN users_history AS b
  ON b.user_id = h.user_id AND b.valid_to = h.valid_from
GROUP BY
  CAST(h.valid_from AS DATE),
  CASE WHEN h.level = 'paid' THEN 'upgrade' ELSE 'downgrade' END
ORDER BY
  day,
  direction;
