/*
about: those of the affected times at which songs are played
*/
SELECT s.start_time
FROM songplays AS s
WHERE IN_SPAN_TIME(s.start_time) AND s.start_time IN (SELECT t.start_time FROM affected_times AS t)
