-- the plays of the milliseconds in which an identity has duplicates; of those that share one, the first
SELECT
  f."userId",
  f."sessionId",
  f."itemInSession",
  f.ts,
  f.level,
  f.location,
  f."userAgent",
  f.artist,
  f.song,
  f.length
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
      PARTITION BY p.ts, p."userId", p."sessionId", p."itemInSession"
      ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, p.page ASC, p.level ASC, p.auth ASC, p.method ASC, p.status ASC, p."firstName" ASC, p."lastName" ASC, p.gender ASC, p.location ASC, p."userAgent" ASC, p.registration ASC, p.artist ASC, p.song ASC, p.length ASC
    ) AS nth
  FROM play_rows AS p
  WHERE
    p.ts IN (
      SELECT
        d.ts
      FROM duplicated AS d
    )
) AS f
WHERE
  f.nth = 1;
