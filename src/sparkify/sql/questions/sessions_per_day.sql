/*
title: Sessions per day
why: How often people come, and how long they stay: more sessions with fewer plays each is restlessness, not growth.
  A session counts on the day of its first play
chart: column, x day, y sessions, y plays_per_session
order: 80
*/
SELECT
  CAST(s.began AS DATE) AS day,
  COUNT(*) AS sessions,
  CAST(SUM(s.plays) AS BIGINT) AS plays,
  CAST(SUM(s.plays) AS DOUBLE) / COUNT(*) AS plays_per_session
FROM (
  SELECT p.user_id, p.session_id, MIN(p.start_time) AS began, COUNT(*) AS plays
  FROM songplays AS p
  GROUP BY p.user_id, p.session_id
) AS s
GROUP BY CAST(s.began AS DATE)
ORDER BY day
