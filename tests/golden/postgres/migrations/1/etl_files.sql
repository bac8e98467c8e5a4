-- the manifest of a warehouse that knew no failed files
SELECT
  file_id,
  kind,
  uri,
  size_bytes,
  content_tag,
  content_hash,
  read_at,
  records,
  loaded,
  rejected,
  CAST(0 AS BIGINT) AS replayed,
  'loaded' AS state,
  '' AS failure,
  run_id,
  CAST(0 AS BIGINT) AS resume_offset,
  CAST(1 AS BIGINT) AS resume_line,
  CAST(0 AS BIGINT) AS resume_opened
FROM old_etl_files;
