-- the number of the next replay
SELECT COALESCE(MAX(replay_id), 0) + 1 FROM etl_replays;

-- the open rejects that a replay resolves
CREATE TEMPORARY TABLE resolved_rejects AS SELECT * FROM found_rejects;

-- whether there is one
SELECT 1 FROM resolved_rejects LIMIT 1;

-- put the records of replays into staging, under the number of the file plus :shift
INSERT INTO staging_table (record_columns, position, file_id) SELECT r.record_columns, t.position, t.file_id + :shift FROM replayed_table AS r JOIN resolved_rejects AS t ON t.replay_id = r.replay_id;

-- the rejects are resolved
UPDATE etl_rejects SET resolved_by = t.replay_id FROM resolved_rejects AS t WHERE etl_rejects.file_id = t.file_id AND etl_rejects.reject_no = t.reject_no;

-- the manifest counts the rows that replays gave
UPDATE etl_files SET replayed = etl_files.replayed + t.replayed FROM (SELECT file_id, CAST(SUM(replayed) AS BIGINT) AS replayed FROM resolved_rejects GROUP BY file_id) AS t WHERE etl_files.file_id = t.file_id;

-- a file has failed no more when all that it holds is resolved; one that cannot be opened has no tag
UPDATE etl_files SET state = 'loaded', failure = '' FROM (SELECT r.file_id, SUM(r.records) AS records FROM etl_rejects AS r WHERE NOT r.resolved_by IS NULL AND r.file_id IN (SELECT t.file_id FROM resolved_rejects AS t) GROUP BY r.file_id) AS t WHERE etl_files.file_id = t.file_id AND etl_files.state = 'failed' AND etl_files.content_tag <> '' AND etl_files.rejected = t.records;

-- the files with rejects that replays resolve, how many records those count for, and the file's state
SELECT t.file_id, t.records, f.state FROM (SELECT file_id, SUM(records) AS records FROM resolved_rejects GROUP BY file_id) AS t JOIN etl_files AS f ON f.file_id = t.file_id ORDER BY t.file_id;

-- drop the list of them
DROP TABLE resolved_rejects;

-- rows in staging under the number of their file plus :shift get the number itself
UPDATE staging_table SET file_id = file_id - :shift WHERE file_id > :shift;
