-- the files that have grown in a chunk
CREATE TEMPORARY TABLE grown_files (file_id BIGINT, owner_file BIGINT, resume_offset BIGINT);

-- how many records the rejects stand for that were read again
SELECT COALESCE(SUM(r.records), 0) FROM etl_rejects AS r JOIN grown_files AS g ON g.owner_file = r.file_id WHERE r.byte_offset >= g.resume_offset;

-- take out the rejects that were read again
DELETE FROM etl_rejects USING grown_files AS g WHERE g.owner_file = etl_rejects.file_id AND etl_rejects.byte_offset >= g.resume_offset;

-- give the rejects to the files, numbered behind those that they have
UPDATE etl_rejects SET file_id = t.owner_file, reject_no = etl_rejects.reject_no + t.last_reject FROM (SELECT g.file_id, g.owner_file, COALESCE(MAX(r.reject_no), 0) AS last_reject FROM grown_files AS g LEFT JOIN etl_rejects AS r ON r.file_id = g.owner_file GROUP BY g.file_id, g.owner_file) AS t WHERE etl_rejects.file_id = t.file_id;

-- say of the files what they hold now; before their rejects are moved
UPDATE etl_files SET size_bytes = t.size_bytes, content_tag = t.content_tag, content_hash = t.content_hash, read_at = t.read_at, records = etl_files.loaded + t.loaded + t.rejected + t.rejected_before, loaded = etl_files.loaded + t.loaded, rejected = t.rejected + t.rejected_before, run_id = t.run_id, resume_offset = t.resume_offset, resume_line = t.resume_line, resume_opened = t.resume_opened FROM (SELECT f.*, g.owner_file, COALESCE(r.rejected_before, 0) AS rejected_before FROM etl_files AS f JOIN grown_files AS g ON g.file_id = f.file_id LEFT JOIN (SELECT file_id, CAST(SUM(records) AS BIGINT) AS rejected_before FROM etl_rejects WHERE file_id IN (SELECT o.owner_file FROM grown_files AS o) GROUP BY file_id) AS r ON r.file_id = g.owner_file) AS t WHERE etl_files.file_id = t.owner_file;

-- drop the list of them
DROP TABLE grown_files;
