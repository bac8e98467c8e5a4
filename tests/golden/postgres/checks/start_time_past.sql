-- no play starts in the future
SELECT
  s.songplay_id,
  s.start_time
FROM songplays_affected AS s
WHERE
  s.start_time > (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + :now / 1000 * INTERVAL '1 SECOND' + :now % 1000 * INTERVAL '1 MILLISECOND'
  );
