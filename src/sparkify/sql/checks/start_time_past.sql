/*
about: no play starts in the future
severity: warning
key: songplay_id
*/
SELECT s.songplay_id, s.start_time
FROM songplays_affected AS s
WHERE s.start_time > FROM_MILLIS(:now)
