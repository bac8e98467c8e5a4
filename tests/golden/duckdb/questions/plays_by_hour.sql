-- When people listen
SELECT
  CASE h.weekday_number
    WHEN 0
    THEN 'Sunday'
    WHEN 1
    THEN 'Monday'
    WHEN 2
    THEN 'Tuesday'
    WHEN 3
    THEN 'Wednesday'
    WHEN 4
    THEN 'Thursday'
    WHEN 5
    THEN 'Friday'
    ELSE 'Saturday'
  END AS weekday,
  h.hour,
  h.plays
FROM (
  SELECT
    CAST(EXTRACT(DAYOFWEEK FROM p.start_time) AS INT) AS weekday_number,
    CAST(EXTRACT(HOUR FROM p.start_time) AS INT) AS hour,
    COUNT(*) AS plays
  FROM songplays AS p
  GROUP BY
    CAST(EXTRACT(DAYOFWEEK FROM p.start_time) AS INT),
    CAST(EXTRACT(HOUR FROM p.start_time) AS INT)
) AS h
ORDER BY
  (
    h.weekday_number + 6
  ) % 7,
  h.hour;
