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
  CAST(DATE_PART('hour', t.start_time) AS INTEGER) AS hour,
  CAST(DATE_PART('day', t.start_time) AS INTEGER) AS day,
  CAST(DATE_PART('week', t.start_time) AS INTEGER) AS week,
  CAST(DATE_PART('month', t.start_time) AS INTEGER) AS month,
  CAST(DATE_PART('year', t.start_time) AS INTEGER) AS year,
  CAST(DATE_PART('dow', t.start_time) AS INTEGER) AS weekday
FROM (
  SELECT DISTINCT s.start_time
  FROM start_times AS s
) AS t
