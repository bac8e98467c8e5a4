-- the level of each user at the moments at which it may change: the first of a day with one level, every millisecond of a day with two. Of events in one millisecond the last counts
SELECT
  d."userId",
  d.ts,
  d.level
FROM level_days AS d
WHERE
  d.level = d.last_level
UNION ALL
SELECT
  m."userId",
  m.ts,
  m.level
FROM level_moments AS m
WHERE
  m.level = m.last_level
UNION ALL
SELECT
  e."userId",
  e.ts,
  CASE WHEN e.level LIKE '% ' THEN RTRIM(e.level, ' ') ELSE e.level END AS level
FROM (
  SELECT
    u."userId",
    u.ts,
    u.level,
    ROW_NUMBER() OVER (
      PARTITION BY u."userId", u.ts
      ORDER BY u.ts DESC NULLS FIRST, u."sessionId" DESC NULLS FIRST, u."itemInSession" DESC NULLS FIRST, u."userId" DESC NULLS FIRST, u.page DESC NULLS FIRST, u.level DESC NULLS FIRST, u.auth DESC NULLS FIRST, u.method DESC NULLS FIRST, u.status DESC NULLS FIRST, u."firstName" DESC NULLS FIRST, u."lastName" DESC NULLS FIRST, u.gender DESC NULLS FIRST, u.location DESC NULLS FIRST, u."userAgent" DESC NULLS FIRST, u.registration DESC NULLS FIRST, u.artist DESC NULLS FIRST, u.song DESC NULLS FIRST, u.length DESC NULLS FIRST
    ) AS nth
  FROM events_in_reach AS u
  JOIN level_moments AS m
    ON m."userId" = u."userId" AND m.ts = u.ts
  WHERE
    m.level <> m.last_level
) AS e
WHERE
  e.nth = 1;
