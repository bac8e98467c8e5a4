-- offsets of a partition from the first to the next = loaded + rejected + tombstones + without a record + lost
SELECT
  o.topic,
  o.partition_no,
  o.first_offset,
  o.next_offset,
  f.loaded,
  f.rejected,
  o.tombstones,
  o.without_record,
  o.lost
FROM etl_offsets AS o
LEFT JOIN etl_files AS f
  ON f.file_id = o.file_id
WHERE
  o.next_offset - o.first_offset <> COALESCE(f.loaded, 0) + COALESCE(f.rejected, 0) + o.tombstones + o.without_record + o.lost;
