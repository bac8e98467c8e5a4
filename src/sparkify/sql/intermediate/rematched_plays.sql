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
LEFT JOIN affected_plays AS t
  ON SAME_PLAY(t, p)
WHERE IS_PLAY(p) AND t.ts IS NULL
GROUP BY p.ts, p."userId", p."sessionId", p."itemInSession"
