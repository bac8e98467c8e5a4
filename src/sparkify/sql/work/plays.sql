/*
about: the plays, each once; of those that share an identity, the first. Identities are grouped apart, because to number
  millions of plays of which next to none has a duplicate costs seconds
*/
SELECT
  p."userId", p."sessionId", p."itemInSession", p.ts, p.level, p.location, p."userAgent", p.artist, p.song, p.length
FROM play_rows AS p
WHERE NOT EXISTS (
  SELECT 1
  FROM duplicated AS d
  WHERE d."userId" = p."userId" AND d."sessionId" = p."sessionId" AND d."itemInSession" = p."itemInSession"
)
UNION ALL
SELECT
  f."userId", f."sessionId", f."itemInSession", f.ts, f.level, f.location, f."userAgent", f.artist, f.song, f.length
FROM (
  SELECT
    p.*,
    ROW_NUMBER() OVER (
      PARTITION BY p."userId", p."sessionId", p."itemInSession" ORDER BY FIRST_EVENT(p)
    ) AS nth
  FROM play_rows AS p
  JOIN duplicated AS d
    ON d."userId" = p."userId" AND d."sessionId" = p."sessionId" AND d."itemInSession" = p."itemInSession"
) AS f
WHERE f.nth = 1
