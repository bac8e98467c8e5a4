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
      ORDER BY u.ts DESC NULLS FIRST, u."sessionId" DESC NULLS FIRST, u."itemInSession" DESC NULLS FIRST, u."userId" DESC NULLS FIRST, u.page DESC NULLS FIRST, u.level DESC NULLS FIRST, u.auth DESC NULLS FIRST, u.method DESC NULLS FIRST, u.status DESC NULLS FIRST, u."firstName" DESC NULLS FIRST, u."lastName" DESC NULLS FIRST, u.gender DESC NULLS FIRST, u.location DESC NULLS FIRST, u."userAgent" DESC NULLS FIRST, u.registration DESC NULLS FIRST, u.artist DESC NULLS FIRST, u.song DESC NULLS FIRST, u.length DESC NULLS FIRST
    ) AS nth
  FROM events_in_reach AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE
  e.nth = 1;
