-- the rows of affected plays: those of new files, and those that were there before
SELECT
  p.*
FROM staging_events AS p
WHERE
  p.file_id >= :first_new
  AND (
    p.page = 'NextSong'
    OR (
      p.page LIKE 'NextSong %' AND RTRIM(p.page, ' ') = 'NextSong'
    )
  )
UNION ALL
SELECT
  p.*
FROM staging_events AS p
JOIN known_plays AS t
  ON (
    t.ts = p.ts
    AND t."userId" = p."userId"
    AND t."sessionId" = p."sessionId"
    AND t."itemInSession" = p."itemInSession"
  )
WHERE
  p.file_id < :first_new
  AND IN_SPAN(p.ts)
  AND (
    p.page = 'NextSong'
    OR (
      p.page LIKE 'NextSong %' AND RTRIM(p.page, ' ') = 'NextSong'
    )
  );
