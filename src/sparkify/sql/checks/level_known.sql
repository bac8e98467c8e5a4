/*
about: level is free or paid
severity: warning
key: songplay_id
*/
SELECT s.songplay_id, s.user_id, s.level
FROM songplays_affected AS s
WHERE s.level NOT IN ('free', 'paid')
