-- the events of files that were loaded before and stay
SELECT
  e.*
FROM staging_events AS e
WHERE
  e.file_id < :first_new
  AND NOT e.file_id IN (
    SELECT
      g.file_id
    FROM gone_files AS g
  );
