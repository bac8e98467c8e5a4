-- every row of time says what its start_time says
SELECT
  t.start_time,
  t.hour,
  t.day,
  t.week,
  t.month,
  t.year,
  t.weekday
FROM time_affected AS t
WHERE
  t.hour <> DATE_PART('hour', t.start_time)
  OR t.day <> DATE_PART('day', t.start_time)
  OR t.week <> DATE_PART('week', t.start_time)
  OR t.month <> DATE_PART('month', t.start_time)
  OR t.year <> DATE_PART('year', t.start_time)
  OR t.weekday <> DATE_PART('dow', t.start_time);
