-- the identities of plays of other songs than before, unless they are affected already
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  COUNT(*) AS rows_before,
  COUNT(*) AS rows_after
FROM staging_events AS p
JOIN (
  SELECT DISTINCT
    r.ts,
    r."userId",
    r."sessionId",
    r."itemInSession"
  FROM staging_events AS r
  JOIN rematched AS m
    ON (
      m.artist = CASE WHEN r.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM r.artist) ELSE r.artist END
      AND m.song = CASE WHEN r.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM r.song) ELSE r.song END
      AND COALESCE(m.length, 0) = COALESCE(r.length, 0)
      AND (
        m.length IS NULL
      ) = (
        r.length IS NULL
      )
    )
  WHERE
    (
      r.page = 'NextSong'
      OR (
        r.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM r.page) = 'NextSong'
      )
    )
    AND m.moves
) AS r
  ON (
    r.ts = p.ts
    AND r."userId" = p."userId"
    AND r."sessionId" = p."sessionId"
    AND r."itemInSession" = p."itemInSession"
  )
LEFT JOIN affected_plays AS t
  ON (
    t.ts = p.ts
    AND t."userId" = p."userId"
    AND t."sessionId" = p."sessionId"
    AND t."itemInSession" = p."itemInSession"
  )
WHERE
  (
    p.page = 'NextSong'
    OR (
      p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
    )
  )
  AND t.ts IS NULL
GROUP BY
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession";
