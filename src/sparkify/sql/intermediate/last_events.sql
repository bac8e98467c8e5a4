/*
about: the last event of each user; the rows are looked at only where they are of the last time
*/
SELECT e."userId", e.ts, e.level, e."firstName", e."lastName", e.gender
FROM (
  SELECT
    u."userId",
    u.ts,
    u.level,
    u."firstName",
    u."lastName",
    u.gender,
    ROW_NUMBER() OVER (PARTITION BY u."userId" ORDER BY LAST_EVENT(u)) AS nth
  FROM events_in_reach AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE e.nth = 1
