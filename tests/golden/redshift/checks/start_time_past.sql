-- no play starts in the future
SELECT
  s.songplay_id,
  s.start_time
FROM songplays_affected AS s
WHERE
  s.start_time > DATEADD(
    MILLISECOND,
    CAST(:now % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(:now / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
  );
