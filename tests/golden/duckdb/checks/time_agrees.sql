-- every row of time says what its start_time says, and belongs to a play
SELECT
  t.start_time,
  t.hour,
  t.day,
  t.week,
  t.month,
  t.year,
  t.weekday
FROM "time" AS t
WHERE
  t.hour <> EXTRACT(HOUR FROM t.start_time)
  OR t.day <> EXTRACT(DAY FROM t.start_time)
  OR t.week <> EXTRACT(WEEK FROM t.start_time)
  OR t.month <> EXTRACT(MONTH FROM t.start_time)
  OR t.year <> EXTRACT(YEAR FROM t.start_time)
  OR t.weekday <> EXTRACT(DAYOFWEEK FROM t.start_time)
  OR NOT EXISTS(
    SELECT
      1
    FROM every_songplay AS s
    WHERE
      s.start_time = t.start_time
  );
