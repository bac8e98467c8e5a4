-- the rejects of new files
SELECT
  r.file_id,
  r.records
FROM etl_rejects AS r
WHERE
  r.file_id >= :first_new;
