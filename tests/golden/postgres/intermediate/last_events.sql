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
      ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, u.page COLLATE "C" DESC, u.level COLLATE "C" DESC, u.auth COLLATE "C" DESC, u.method COLLATE "C" DESC, u.status DESC, u."firstName" COLLATE "C" DESC, u."lastName" COLLATE "C" DESC, u.gender COLLATE "C" DESC, u.location COLLATE "C" DESC, u."userAgent" COLLATE "C" DESC, u.registration DESC, u.artist COLLATE "C" DESC, u.song COLLATE "C" DESC, u.length DESC
    ) AS nth
  FROM events_in_reach AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE
  e.nth = 1;
