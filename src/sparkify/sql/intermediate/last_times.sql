/*
about: when each user had their last events
*/
SELECT l."userId", MAX(l.last_ts) AS ts
FROM level_days AS l
GROUP BY l."userId"
