/*
about: the times of affected plays
*/
SELECT DISTINCT FROM_MILLIS(p.ts) AS start_time
FROM affected_plays AS p
