-- the file of every song of new files
SELECT
  s.file_id
FROM staging_songs AS s
WHERE
  s.file_id >= :first_new;
