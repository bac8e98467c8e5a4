-- the identities of plays in new or gone files; how many rows each had before, and has now
SELECT
  c.ts,
  c."userId",
  c."sessionId",
  c."itemInSession",
  c.rows_gone + COALESCE(o.copies, 0) AS rows_before,
  c.rows_new + COALESCE(o.copies, 0) AS rows_after
FROM chunk_plays AS c
LEFT JOIN (
  SELECT
    p.ts,
    p."userId",
    p."sessionId",
    p."itemInSession",
    COUNT(*) AS copies
  FROM staying_events AS p
  JOIN chunk_plays AS t
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
        p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
      )
    )
  GROUP BY
    p.ts,
    p."userId",
    p."sessionId",
    p."itemInSession"
) AS o
  ON (
    o.ts = c.ts
    AND o."userId" = c."userId"
    AND o."sessionId" = c."sessionId"
    AND o."itemInSession" = c."itemInSession"
  );
