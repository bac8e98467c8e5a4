-- what was played in the days of the span
SELECT
  s.*
FROM songplays AS s
WHERE
  IN_SPAN_TIME(s.start_time);
