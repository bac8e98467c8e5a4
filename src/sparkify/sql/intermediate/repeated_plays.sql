/*
about: the identities that several plays have in the days of the span; how many rows each had before, and has now
*/
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  CAST(SUM(CASE WHEN p.file_id >= :first_new THEN 0 ELSE 1 END) AS BIGINT) AS rows_before,
  COUNT(*) AS rows_after
FROM staging_events AS p
WHERE IN_SPAN(p.ts) AND IS_PLAY(p)
GROUP BY p.ts, p."userId", p."sessionId", p."itemInSession"
HAVING COUNT(*) > 1
