-- the songs of new files
SELECT
  s.*
FROM staging_songs AS s
WHERE
  s.file_id >= :first_new;
