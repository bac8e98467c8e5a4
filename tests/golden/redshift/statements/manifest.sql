-- what tells one state of the manifest from another
SELECT commit_no, last_file FROM etl_commits;

-- the same, of a warehouse that has not counted its chunks yet
SELECT 0, COALESCE(MAX(file_id), 0) FROM etl_files;

-- begin to count chunks
INSERT INTO etl_commits (commit_no, last_file) VALUES (?, ?);

-- count a chunk
UPDATE etl_commits SET commit_no = ?, last_file = ?;

-- whether anything was ever loaded
SELECT 1 FROM etl_files LIMIT 1;

-- every file, how many of its rejects are open, and where reading goes on if it has only grown
SELECT f.file_id, f.kind, f.uri, f.size_bytes, f.content_tag, f.content_hash, f.state, f.failure, COALESCE(r.open_rejects, 0) AS open_rejects, CASE WHEN f.state = 'loaded' AND p.uri IS NULL THEN f.resume_offset ELSE 0 END AS resume_offset, f.resume_line, f.resume_opened FROM etl_files AS f LEFT JOIN (SELECT file_id, COUNT(*) AS open_rejects FROM etl_rejects WHERE resolved_by IS NULL GROUP BY file_id) AS r ON r.file_id = f.file_id LEFT JOIN (SELECT DISTINCT uri FROM etl_replays) AS p ON p.uri = f.uri;

-- where a file is, its tag, and the run that read it
SELECT uri, content_tag, run_id FROM etl_files WHERE file_id = ?;

-- tags of files as they are now
CREATE TEMPORARY TABLE new_tags (file_id BIGINT, content_tag VARCHAR(65535));

-- give files the tags that they have now
UPDATE etl_files SET content_tag = n.content_tag, read_at = CAST(? AS TIMESTAMP) FROM new_tags AS n WHERE etl_files.file_id = n.file_id;

-- drop the tags
DROP TABLE new_tags;

-- say of a file whose content could not be seen why that is
UPDATE etl_files SET state = 'failed', failure = ?, content_tag = '' WHERE file_id = ?;

-- the files whose rows go
CREATE TEMPORARY TABLE gone_files (file_id BIGINT);

-- take gone files out of one of the metadata tables
DELETE FROM metadata_table WHERE file_id IN (SELECT file_id FROM gone_files);

-- drop the list of them
DROP TABLE gone_files;

-- rows in staging of every new file, and how many of them break the contract
SELECT s.file_id, COUNT(*) AS loaded, SUM(CASE WHEN breaks_contract THEN 1 ELSE 0 END) AS faults FROM staging_table AS s WHERE s.file_id >= :first_new GROUP BY s.file_id;

-- remove the rows of some files from staging
DELETE FROM staging_table WHERE file_id IN (:file_ids);

-- give files, but for partitions of topics, a tag that no content has
UPDATE etl_files SET content_tag = ?, content_hash = '' WHERE (state = 'loaded' OR content_tag <> '') AND NOT file_id IN (SELECT file_id FROM etl_offsets);
