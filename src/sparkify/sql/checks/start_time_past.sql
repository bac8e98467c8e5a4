/*
about: no play starts in the future
severity: warning
*/
SELECT s.songplay_id, s.start_time
FROM songplays AS s
WHERE s.start_time > FROM_MILLIS(:now)
