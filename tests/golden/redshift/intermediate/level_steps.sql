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
  CASE WHEN e.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM e.level) ELSE e.level END AS level
FROM (
  SELECT
    u."userId",
    u.ts,
    u.level,
    ROW_NUMBER() OVER (
      PARTITION BY u."userId", u.ts
      ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, CAST(u.page AS VARBYTE(65535)) DESC, CAST(u.level AS VARBYTE(65535)) DESC, CAST(u.auth AS VARBYTE(65535)) DESC, CAST(u.method AS VARBYTE(65535)) DESC, u.status DESC, CAST(u."firstName" AS VARBYTE(65535)) DESC, CAST(u."lastName" AS VARBYTE(65535)) DESC, CAST(u.gender AS VARBYTE(65535)) DESC, CAST(u.location AS VARBYTE(65535)) DESC, CAST(u."userAgent" AS VARBYTE(65535)) DESC, u.registration DESC, CAST(u.artist AS VARBYTE(65535)) DESC, CAST(u.song AS VARBYTE(65535)) DESC, u.length DESC
    ) AS nth
  FROM events_in_reach AS u
  JOIN level_moments AS m
    ON m."userId" = u."userId" AND m.ts = u.ts
  WHERE
    m.level <> m.last_level
) AS e
WHERE
  e.nth = 1;
