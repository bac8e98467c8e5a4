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
    u.*,
    ROW_NUMBER() OVER (
      PARTITION BY u."userId"
      ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, (
        u.page || CHR(  1)
      ) DESC, (
        u.level || CHR(  1)
      ) DESC, (
        u.auth || CHR(  1)
      ) DESC, (
        u.method || CHR(  1)
      ) DESC, u.status DESC, (
        u."firstName" || CHR(  1)
      ) DESC, (
        u."lastName" || CHR(  1)
      ) DESC, (
        u.gender || CHR(  1)
      ) DESC, (
        u.location || CHR(  1)
      ) DESC, (
        u."userAgent" || CHR(  1)
      ) DESC, u.registration DESC, (
        u.artist || CHR(  1)
      ) DESC, (
        u.song || CHR(  1)
      ) DESC, u.length DESC
    ) AS nth
  FROM events_in_reach AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE
  e.nth = 1;
