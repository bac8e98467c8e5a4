-- those of them that are not in time yet
SELECT
  s.start_time
FROM model.affected_starts AS s
WHERE
  NOT s.start_time IN (
    SELECT
      t.start_time
    FROM "time" AS t
    WHERE
      IN_SPAN_TIME(t.start_time)
  );
