/*
about: the identities of plays of other songs than before, unless they are affected already
*/
SELECT p.ts, p."userId", p."sessionId", p."itemInSession", COUNT(*) AS rows_before, COUNT(*) AS rows_after
FROM staging_events AS p
JOIN (
  SELECT DISTINCT r.ts, r."userId", r."sessionId", r."itemInSession"
  FROM staging_events AS r
  JOIN rematched AS m
    ON PLAYS_SONG(m, r)
  WHERE IS_PLAY(r) AND m.moves
) AS r
  ON SAME_PLAY(r, p)
WHERE IS_PLAY(p)
  AND NOT EXISTS (
    SELECT 1
    FROM affected_plays AS t
    WHERE SAME_PLAY(t, p)
  )
GROUP BY p.ts, p."userId", p."sessionId", p."itemInSession"
