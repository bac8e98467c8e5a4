-- the rows of affected plays
SELECT
  s.*
FROM songplays AS s
WHERE
  IN_SPAN_TIME(s.start_time)
  AND s.start_time IN (
    SELECT
      t.start_time
    FROM affected_times AS t
  )
  AND s.songplay_id IN (
    SELECT
      a.songplay_id
    FROM affected_ids AS a
  );
