/*
about: the plays of the milliseconds in which an identity has duplicates; of those that share one, the first
*/
SELECT
  f."userId", f."sessionId", f."itemInSession", f.ts, f.level, f.location, f."userAgent", f.artist, f.song, f.length
FROM (
  SELECT
    p."userId",
    p."sessionId",
    p."itemInSession",
    p.ts,
    p.level,
    p.location,
    p."userAgent",
    p.artist,
    p.song,
    p.length,
    ROW_NUMBER() OVER (
      PARTITION BY p.ts, p."userId", p."sessionId", p."itemInSession" ORDER BY FIRST_EVENT(p)
    ) AS nth
  FROM play_rows AS p
  WHERE p.ts IN (SELECT d.ts FROM duplicated AS d)
) AS f
WHERE f.nth = 1
