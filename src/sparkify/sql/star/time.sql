/*
about: one row for every start_time in songplays
key: start_time
sort: start_time
columns:
  start_time  TIMESTAMP  not null  UTC, to the millisecond
  hour        INTEGER    not null  0 to 23
  day         INTEGER    not null  day of the month
  week        INTEGER    not null  ISO week
  month       INTEGER    not null  1 to 12
  year        INTEGER    not null  calendar year
  weekday     INTEGER    not null  0 is Sunday, 6 is Saturday
*/
SELECT
  t.start_time,
  CAST(EXTRACT(HOUR FROM t.start_time) AS INTEGER) AS hour,
  CAST(EXTRACT(DAY FROM t.start_time) AS INTEGER) AS day,
  CAST(EXTRACT(WEEK FROM t.start_time) AS INTEGER) AS week,
  CAST(EXTRACT(MONTH FROM t.start_time) AS INTEGER) AS month,
  CAST(EXTRACT(YEAR FROM t.start_time) AS INTEGER) AS year,
  CAST(EXTRACT(DOW FROM t.start_time) AS INTEGER) AS weekday
FROM (
  SELECT DISTINCT s.start_time
  FROM start_times AS s
) AS t
