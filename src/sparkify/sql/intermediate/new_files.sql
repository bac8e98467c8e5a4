/*
about: the manifest of new files
*/
SELECT f.*
FROM etl_files AS f
WHERE f.file_id >= :first_new
