-- the events of new files
SELECT
  e.*
FROM staging_events AS e
WHERE
  e.file_id >= :first_new;
