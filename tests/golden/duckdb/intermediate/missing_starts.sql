-- the times at which something is played, and that are not in time yet
SELECT
  s.start_time
FROM starts_in_reach AS s
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM "time" AS t
    WHERE
      IN_SPAN_TIME(t.start_time) AND t.start_time = s.start_time
  );
