-- the events of files that were loaded before
SELECT
  e.*
FROM staging_events AS e
WHERE
  e.file_id < :first_new;
