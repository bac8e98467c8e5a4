-- one row for every start_time in songplays
SELECT
  t.start_time,
  CAST(DATE_PART('hour', t.start_time) AS INT) AS hour,
  CAST(DATE_PART('day', t.start_time) AS INT) AS day,
  CAST(DATE_PART('week', t.start_time) AS INT) AS week,
  CAST(DATE_PART('month', t.start_time) AS INT) AS month,
  CAST(DATE_PART('year', t.start_time) AS INT) AS year,
  CAST(DATE_PART('dow', t.start_time) AS INT) AS weekday
FROM (
  SELECT DISTINCT
    s.start_time
  FROM start_times AS s
) AS t;
