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
    p.page AS page,
    p.level AS level,
    p.auth AS auth,
    p.method AS method,
    p.status,
    "p"."firstName" AS "firstName",
    "p"."lastName" AS "lastName",
    p.gender AS gender,
    p.location AS location,
    "p"."userAgent" AS "userAgent",
    p.registration,
    p.artist AS artist,
    p.song AS song,
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
