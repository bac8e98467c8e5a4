-- Plays per day
SELECT
  CAST(p.start_time AS DATE) AS day,
  COUNT(*) AS plays,
  COUNT(DISTINCT p.user_id) AS listeners
FROM songplays AS p
GROUP BY
  CAST(p.start_time AS DATE)
ORDER BY
  day;
