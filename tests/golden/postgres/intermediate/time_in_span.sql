-- the times in the days of the span
SELECT
  t.*
FROM "time" AS t
WHERE
  IN_SPAN_TIME(t.start_time);
