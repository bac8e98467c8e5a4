-- no play starts before 2000 (seconds for milliseconds?)
SELECT
  s.songplay_id,
  s.start_time
FROM songplays_affected AS s
WHERE
  s.start_time < CAST('2000-01-01 00:00:00' AS TIMESTAMP);
