/*
about: at every start_time of time something is played
severity: blocking
*/
SELECT t.start_time
FROM time_affected AS t
WHERE NOT EXISTS (SELECT 1 FROM songplays_in_reach AS s WHERE s.start_time = t.start_time)
