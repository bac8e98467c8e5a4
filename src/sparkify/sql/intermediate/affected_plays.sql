/*
about: the identities of plays in new or gone files; how many rows each had before, and has now
*/
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  CAST(SUM(CASE WHEN p.file_id < :first_new THEN 1 ELSE 0 END) AS BIGINT) AS rows_before,
  CAST(SUM(CASE WHEN g.file_id IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS rows_after
FROM staging_events AS p
JOIN (
  SELECT DISTINCT t.ts, t."userId", t."sessionId", t."itemInSession"
  FROM staging_events AS t
  WHERE IS_PLAY(t)
    AND (t.file_id >= :first_new OR t.file_id IN (SELECT g.file_id FROM gone_files AS g))
) AS t
  ON SAME_PLAY(t, p)
LEFT JOIN gone_files AS g
  ON g.file_id = p.file_id
WHERE IS_PLAY(p)
GROUP BY p.ts, p."userId", p."sessionId", p."itemInSession"
