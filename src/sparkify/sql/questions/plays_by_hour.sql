/*
title: When people listen
why: When servers must hold, when to publish, and when to keep hands off: plays by hour (UTC) and weekday
chart: heatmap, x hour, y weekday, color plays
order: 30
*/
SELECT
  CASE h.weekday_number
    WHEN 0 THEN 'Sunday'
    WHEN 1 THEN 'Monday'
    WHEN 2 THEN 'Tuesday'
    WHEN 3 THEN 'Wednesday'
    WHEN 4 THEN 'Thursday'
    WHEN 5 THEN 'Friday'
    ELSE 'Saturday'
  END AS weekday,
  h.hour,
  h.plays
FROM (
  SELECT
    CAST(EXTRACT(DOW FROM p.start_time) AS INTEGER) AS weekday_number,
    CAST(EXTRACT(HOUR FROM p.start_time) AS INTEGER) AS hour,
    COUNT(*) AS plays
  FROM songplays AS p
  GROUP BY CAST(EXTRACT(DOW FROM p.start_time) AS INTEGER), CAST(EXTRACT(HOUR FROM p.start_time) AS INTEGER)
) AS h
ORDER BY (h.weekday_number + 6) % 7, h.hour
