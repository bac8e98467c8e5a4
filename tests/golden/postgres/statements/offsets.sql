-- how far each partition of a topic was read
SELECT cluster_id, topic, topic_id, partition_no, next_offset, file_id FROM etl_offsets;

-- the partition of this URI in a topic that was made again since
SELECT o.file_id, o.topic_id FROM etl_offsets AS o JOIN etl_files AS f ON f.file_id = o.file_id WHERE f.uri = ? AND o.topic_id <> ?;

-- give a partition another URI
UPDATE etl_files SET uri = ? WHERE file_id = ?;

-- and so its replays
UPDATE etl_replays SET uri = ? WHERE uri = ?;

-- what was read of partitions that were read before
CREATE TEMPORARY TABLE read_slices (file_id BIGINT, owner_file BIGINT, from_offset BIGINT, next_offset BIGINT, tombstones BIGINT, without_record BIGINT, lost BIGINT, last_time TIMESTAMP);

-- give the rows of slices to their partitions
UPDATE staging_table SET file_id = s.owner_file FROM read_slices AS s WHERE staging_table.file_id = s.file_id;

-- and their rejects
UPDATE etl_rejects SET file_id = s.owner_file FROM read_slices AS s WHERE etl_rejects.file_id = s.file_id;

-- add what slices count in the manifest to their partitions
UPDATE etl_files SET uri = t.uri, size_bytes = etl_files.size_bytes + t.size_bytes, content_tag = t.content_tag, read_at = t.read_at, records = etl_files.records + t.records, loaded = etl_files.loaded + t.loaded, rejected = etl_files.rejected + t.rejected, replayed = etl_files.replayed + t.replayed, run_id = t.run_id FROM (SELECT f.*, s.owner_file FROM etl_files AS f JOIN read_slices AS s ON s.file_id = f.file_id) AS t WHERE etl_files.file_id = t.owner_file;

-- take the slices out of the manifest
DELETE FROM etl_files WHERE file_id IN (SELECT s.file_id FROM read_slices AS s);

-- move partitions on; the fence: one that is not where this run took it from is not moved
UPDATE etl_offsets SET next_offset = s.next_offset, tombstones = etl_offsets.tombstones + s.tombstones, without_record = etl_offsets.without_record + s.without_record, lost = etl_offsets.lost + s.lost, last_time = COALESCE(s.last_time, etl_offsets.last_time), run_id = ? FROM read_slices AS s WHERE etl_offsets.file_id = s.owner_file AND etl_offsets.next_offset = s.from_offset;

-- how many partitions a run has moved on
SELECT COUNT(*) FROM etl_offsets AS o JOIN read_slices AS s ON s.owner_file = o.file_id AND s.next_offset = o.next_offset WHERE o.run_id = ?;

-- drop the list of them
DROP TABLE read_slices;

-- the topic and the partition that a number of the manifest stands for
SELECT topic, topic_id, partition_no FROM etl_offsets WHERE file_id = ?;
