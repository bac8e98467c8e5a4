-- one row for every start_time in songplays
SELECT
  t.start_time,
  CAST(EXTRACT(HOUR FROM t.start_time) AS INT) AS hour,
  CAST(EXTRACT(DAY FROM t.start_time) AS INT) AS day,
  CAST(EXTRACT(WEEK FROM t.start_time) AS INT) AS week,
  CAST(EXTRACT(MONTH FROM t.start_time) AS INT) AS month,
  CAST(EXTRACT(YEAR FROM t.start_time) AS INT) AS year,
  CAST(EXTRACT(DOW FROM t.start_time) AS INT) AS weekday
FROM (
  SELECT DISTINCT
    s.start_time
  FROM start_times AS s
) AS t;
