/*
about: the users in new or gone files
*/
SELECT DISTINCT e."userId" AS user_id
FROM staging_events AS e
WHERE e."userId" IS NOT NULL
  AND (e.file_id >= :first_new OR e.file_id IN (SELECT g.file_id FROM gone_files AS g))
