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
    p.page,
    p.level,
    p.auth,
    p.method,
    p.status,
    "p"."firstName",
    "p"."lastName",
    p.gender,
    p.location,
    "p"."userAgent",
    p.registration,
    p.artist,
    p.song,
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
