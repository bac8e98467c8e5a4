-- the last event of each user; the rows are looked at only where they are of the last time
SELECT
  e."userId",
  e.ts,
  e.level,
  e."firstName",
  e."lastName",
  e.gender
FROM (
  SELECT
    u."userId",
    u.ts,
    u.level,
    u."firstName",
    u."lastName",
    u.gender,
    ROW_NUMBER() OVER (
      PARTITION BY u."userId"
      ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, CAST(u.page AS VARBYTE(65535)) DESC, CAST(u.level AS VARBYTE(65535)) DESC, CAST(u.auth AS VARBYTE(65535)) DESC, CAST(u.method AS VARBYTE(65535)) DESC, u.status DESC, CAST(u."firstName" AS VARBYTE(65535)) DESC, CAST(u."lastName" AS VARBYTE(65535)) DESC, CAST(u.gender AS VARBYTE(65535)) DESC, CAST(u.location AS VARBYTE(65535)) DESC, CAST(u."userAgent" AS VARBYTE(65535)) DESC, u.registration DESC, CAST(u.artist AS VARBYTE(65535)) DESC, CAST(u.song AS VARBYTE(65535)) DESC, u.length DESC
    ) AS nth
  FROM events_in_reach AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE
  e.nth = 1;
