/*
about: the events of files that were loaded before and stay
*/
SELECT e.*
FROM staging_events AS e
WHERE e.file_id < :first_new AND e.file_id NOT IN (SELECT g.file_id FROM gone_files AS g)
