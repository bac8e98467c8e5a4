/*
about: records of a file = loaded + rejected, and its rows in staging = loaded + replayed
severity: blocking
*/
SELECT f.file_id, f.uri, f.records, f.loaded, f.rejected, f.replayed, c.in_staging, c.in_rejects
FROM model.new_files AS f
LEFT JOIN (
  SELECT r.file_id, SUM(r.in_staging) AS in_staging, SUM(r.in_rejects) AS in_rejects
  FROM (
    SELECT s.file_id, COUNT(*) AS in_staging, 0 AS in_rejects FROM model.new_event_files AS s GROUP BY s.file_id
    UNION ALL
    SELECT s.file_id, COUNT(*) AS in_staging, 0 AS in_rejects FROM model.new_song_files AS s GROUP BY s.file_id
    UNION ALL
    SELECT s.file_id, 0 AS in_staging, SUM(s.records) AS in_rejects FROM model.new_rejects AS s GROUP BY s.file_id
  ) AS r
  GROUP BY r.file_id
) AS c
  ON c.file_id = f.file_id
WHERE f.records <> f.loaded + f.rejected
  OR f.loaded + f.replayed <> COALESCE(c.in_staging, 0)
  OR (f.state = 'loaded' AND f.rejected <> COALESCE(c.in_rejects, 0))
  OR f.rejected < COALESCE(c.in_rejects, 0)
