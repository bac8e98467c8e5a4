-- the file of every event of new files
SELECT
  e.file_id
FROM staging_events AS e
WHERE
  e.file_id >= :first_new;
