/*
about: the identities of plays in new or gone files; how many rows each had before, and has now
*/
SELECT
  c.ts,
  c."userId",
  c."sessionId",
  c."itemInSession",
  c.rows_gone + COALESCE(o.copies, 0) AS rows_before,
  c.rows_new + COALESCE(o.copies, 0) AS rows_after
FROM chunk_plays AS c
LEFT JOIN (
  SELECT p.ts, p."userId", p."sessionId", p."itemInSession", COUNT(*) AS copies
  FROM staying_events AS p
  JOIN chunk_plays AS t
    ON SAME_PLAY(t, p)
  WHERE IN_SPAN(p.ts) AND IS_PLAY(p)
  GROUP BY p.ts, p."userId", p."sessionId", p."itemInSession"
) AS o
  ON SAME_PLAY(o, c)
