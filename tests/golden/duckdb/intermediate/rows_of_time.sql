-- the rows of affected times
SELECT
  t.*
FROM "time" AS t
WHERE
  IN_SPAN_TIME(t.start_time)
  AND t.start_time IN (
    SELECT
      a.start_time
    FROM affected_times AS a
  );
