/*
about: the identities of plays of those songs, unless they are touched already
*/
SELECT p."userId", p."sessionId", p."itemInSession", COUNT(*) AS rows_before, COUNT(*) AS rows_after
FROM staging_events AS p
JOIN (
  SELECT DISTINCT r."userId", r."sessionId", r."itemInSession"
  FROM staging_events AS r
  JOIN rematched AS m
    ON m.artist = TRIMMED(r.artist)
    AND m.song = TRIMMED(r.song)
    AND COALESCE(m.length, 0) = COALESCE(r.length, 0)
    AND (m.length IS NULL) = (r.length IS NULL)
  WHERE IS_PLAY(r)
) AS r
  ON r."userId" = p."userId" AND r."sessionId" = p."sessionId" AND r."itemInSession" = p."itemInSession"
WHERE IS_PLAY(p)
  AND NOT EXISTS (
    SELECT 1
    FROM affected_plays AS t
    WHERE t."userId" = p."userId" AND t."sessionId" = p."sessionId" AND t."itemInSession" = p."itemInSession"
  )
GROUP BY p."userId", p."sessionId", p."itemInSession"
