-- the latest rejects, the last one first
SELECT r.file_id, r.reject_no, f.uri AS file, NULLIF(r.line, 0) AS line, r.byte_offset, CASE WHEN r.resolved_by IS NULL THEN 'open' ELSE 'resolved' END AS state, r.field, r.reason, r.suggestion FROM etl_rejects AS r JOIN etl_files AS f ON f.file_id = r.file_id ORDER BY r.file_id DESC NULLS LAST, r.reject_no DESC NULLS LAST LIMIT :most;

-- all that is known of one reject
SELECT f.uri AS file, f.run_id AS run, r.line, r.byte_offset, r.field, r.reason, r.suggestion, r.records, r.resolved_by, r.message_time, r.message_key, r.raw_text FROM etl_rejects AS r JOIN etl_files AS f ON f.file_id = r.file_id WHERE r.file_id = ? AND r.reject_no = ?;

-- the files with rejects that a run has read; failed files are named by themselves
SELECT file_id, uri FROM etl_files WHERE run_id = ? AND rejected > 0 AND state = 'loaded';

-- the next rejects of a file
SELECT line, byte_offset, field, reason, suggestion, raw_text, reject_no FROM etl_rejects WHERE file_id = ? AND reject_no > ? ORDER BY reject_no LIMIT :most;

-- how many rejects a run has, those of failed files apart
SELECT COUNT(*) FROM etl_rejects WHERE file_id IN (SELECT file_id FROM etl_files WHERE run_id = ? AND state = 'loaded');
