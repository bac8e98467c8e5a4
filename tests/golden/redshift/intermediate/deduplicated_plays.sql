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
      ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, CAST(p.page AS VARBYTE(65535)) ASC, CAST(p.level AS VARBYTE(65535)) ASC, CAST(p.auth AS VARBYTE(65535)) ASC, CAST(p.method AS VARBYTE(65535)) ASC, p.status ASC, CAST(p."firstName" AS VARBYTE(65535)) ASC, CAST(p."lastName" AS VARBYTE(65535)) ASC, CAST(p.gender AS VARBYTE(65535)) ASC, CAST(p.location AS VARBYTE(65535)) ASC, CAST(p."userAgent" AS VARBYTE(65535)) ASC, p.registration ASC, CAST(p.artist AS VARBYTE(65535)) ASC, CAST(p.song AS VARBYTE(65535)) ASC, p.length ASC
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
