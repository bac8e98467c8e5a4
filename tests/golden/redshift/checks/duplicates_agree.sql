-- plays that share ts, userId, sessionId and itemInSession are the same in everything
SELECT
  r.ts,
  r."userId",
  r."sessionId",
  r."itemInSession",
  COUNT(*) AS versions
FROM (
  SELECT DISTINCT
    p.ts,
    "p"."sessionId",
    "p"."itemInSession",
    "p"."userId",
    MD5(p.page) AS page,
    MD5(p.level) AS level,
    MD5(p.auth) AS auth,
    MD5(p.method) AS method,
    p.status,
    MD5("p"."firstName") AS "firstName",
    MD5("p"."lastName") AS "lastName",
    MD5(p.gender) AS gender,
    MD5(p.location) AS location,
    MD5("p"."userAgent") AS "userAgent",
    p.registration,
    MD5(p.artist) AS artist,
    MD5(p.song) AS song,
    p.length
  FROM play_rows AS p
  JOIN duplicated AS d
    ON (
      d.ts = p.ts
      AND d."userId" = p."userId"
      AND d."sessionId" = p."sessionId"
      AND d."itemInSession" = p."itemInSession"
    )
) AS r
GROUP BY
  r.ts,
  r."userId",
  r."sessionId",
  r."itemInSession"
HAVING
  COUNT(*) > 1;
