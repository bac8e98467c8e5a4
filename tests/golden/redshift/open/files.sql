-- the files of which something is open: they failed, or have rejected records that no replay resolves
SELECT
  f.uri,
  f.state,
  f.failure,
  f.rejected - COALESCE(r.records, 0) AS records
FROM etl_files AS f
LEFT JOIN (
  SELECT
    j.file_id,
    SUM(j.records) AS records
  FROM etl_rejects AS j
  WHERE
    NOT j.resolved_by IS NULL
  GROUP BY
    j.file_id
) AS r
  ON r.file_id = f.file_id
WHERE
  f.state = 'failed' OR f.rejected > COALESCE(r.records, 0);
