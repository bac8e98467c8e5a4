-- Sessions per day
SELECT
  CAST(s.began AS DATE) AS day,
  COUNT(*) AS sessions,
  CAST(SUM(s.plays) AS BIGINT) AS plays,
  CAST(SUM(s.plays) AS DOUBLE PRECISION) / COUNT(*) AS plays_per_session
FROM (
  SELECT
    p.user_id,
    p.session_id,
    MIN(p.start_time) AS began,
    COUNT(*) AS plays
  FROM songplays AS p
  GROUP BY
    p.user_id,
    p.session_id
) AS s
GROUP BY
  CAST(s.began AS DATE)
ORDER BY
  day;
