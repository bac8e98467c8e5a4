-- the identities of plays in new or gone files, and how many rows each has there
SELECT
  c.ts,
  c."userId",
  c."sessionId",
  c."itemInSession",
  CAST(SUM(CASE WHEN c.file_id >= :first_new THEN 1 ELSE 0 END) AS BIGINT) AS rows_new,
  CAST(SUM(CASE WHEN c.file_id >= :first_new THEN 0 ELSE 1 END) AS BIGINT) AS rows_gone
FROM chunk_events AS c
WHERE
  (
    c.page = 'NextSong'
    OR (
      c.page LIKE 'NextSong %' AND RTRIM(c.page, ' ') = 'NextSong'
    )
  )
GROUP BY
  c.ts,
  c."userId",
  c."sessionId",
  c."itemInSession";
