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
    p.*,
    ROW_NUMBER() OVER (
      PARTITION BY p.ts, p."userId", p."sessionId", p."itemInSession"
      ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, (
        p.page || CHR(  1)
      ) ASC, (
        p.level || CHR(  1)
      ) ASC, (
        p.auth || CHR(  1)
      ) ASC, (
        p.method || CHR(  1)
      ) ASC, p.status ASC, (
        p."firstName" || CHR(  1)
      ) ASC, (
        p."lastName" || CHR(  1)
      ) ASC, (
        p.gender || CHR(  1)
      ) ASC, (
        p.location || CHR(  1)
      ) ASC, (
        p."userAgent" || CHR(  1)
      ) ASC, p.registration ASC, (
        p.artist || CHR(  1)
      ) ASC, (
        p.song || CHR(  1)
      ) ASC, p.length ASC
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
