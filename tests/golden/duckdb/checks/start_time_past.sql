-- no play starts in the future
SELECT
  s.songplay_id,
  s.start_time
FROM songplays_affected AS s
WHERE
  s.start_time > EPOCH_MS(:now);
