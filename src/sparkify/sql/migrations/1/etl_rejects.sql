/*
about: the rejects of a warehouse that numbered them across files and kept no hash of them
*/
SELECT
  file_id,
  ROW_NUMBER() OVER (PARTITION BY file_id ORDER BY reject_id) AS reject_no,
  line,
  byte_offset,
  raw_text,
  '' AS raw_hash,
  CAST(1 AS BIGINT) AS records,
  field,
  reason,
  suggestion,
  CAST(NULL AS TIMESTAMP) AS message_time,
  CAST(NULL AS VARCHAR) AS message_key,
  CAST(NULL AS BIGINT) AS resolved_by
FROM old_etl_rejects
