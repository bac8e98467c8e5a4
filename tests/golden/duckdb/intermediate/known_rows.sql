-- the rows that affected plays had before the chunk
SELECT
  p.*
FROM model.old_events AS p
JOIN known_plays AS t
  ON (
    t.ts = p.ts
    AND t."userId" = p."userId"
    AND t."sessionId" = p."sessionId"
    AND t."itemInSession" = p."itemInSession"
  )
WHERE
  IN_SPAN(p.ts)
  AND (
    p.page = 'NextSong'
    OR (
      p.page LIKE 'NextSong %' AND RTRIM(p.page, ' ') = 'NextSong'
    )
  );
