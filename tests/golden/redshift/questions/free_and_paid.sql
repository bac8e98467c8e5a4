-- Free against paid
SELECT
  CAST(p.start_time AS DATE) AS day,
  p.level,
  COUNT(*) AS plays,
  COUNT(DISTINCT p.user_id) AS active_users
FROM songplays AS p
GROUP BY
  CAST(p.start_time AS DATE),
  p.level
ORDER BY
  day,
  CAST(p.level AS VARBYTE(65535));
