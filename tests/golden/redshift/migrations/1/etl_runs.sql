-- the history of a warehouse that read no topics
SELECT
  run_id,
  started_at,
  finished_at,
  state,
  reason,
  '' AS accepted,
  files,
  removed,
  records,
  rejected,
  seconds,
  version,
  settings
FROM old_etl_runs;
