/*
title: Free against paid
why: Paid listening pays for the service: whether it grows, and whether by more users or by more plays of each
chart: line, x day, y plays, y active_users, color level
order: 60
*/
SELECT
  CAST(p.start_time AS DATE) AS day,
  p.level,
  COUNT(*) AS plays,
  COUNT(DISTINCT p.user_id) AS active_users
FROM songplays AS p
GROUP BY CAST(p.start_time AS DATE), p.level
ORDER BY day, BYTEWISE(p.level)
