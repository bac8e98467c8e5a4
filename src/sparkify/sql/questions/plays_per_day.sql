/*
title: Plays per day
why: The pulse of the service: a sudden dip is an outage or missing logs more often than a change of taste
chart: column, x day, y plays
order: 20
*/
SELECT
  CAST(p.start_time AS DATE) AS day,
  COUNT(*) AS plays,
  COUNT(DISTINCT p.user_id) AS listeners
FROM songplays AS p
GROUP BY CAST(p.start_time AS DATE)
ORDER BY day
