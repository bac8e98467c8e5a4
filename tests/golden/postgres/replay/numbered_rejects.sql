-- the rejects of files from :first_new on; nth is their number among the rejects of their file with the same bytes, and of a message its offset
SELECT
  r.file_id,
  r.reject_no,
  r.line,
  r.records,
  r.raw_hash,
  r.resolved_by,
  f.kind,
  f.uri,
  CASE
    WHEN r.line = 0
    THEN r.reject_no
    ELSE ROW_NUMBER() OVER (PARTITION BY r.file_id, r.raw_hash ORDER BY r.reject_no)
  END AS nth
FROM etl_rejects AS r
JOIN etl_files AS f
  ON f.file_id = r.file_id
WHERE
  r.file_id >= :first_new;
