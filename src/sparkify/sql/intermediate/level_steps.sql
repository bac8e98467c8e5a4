/*
about: the level of each user at the moments at which it may change: the first of a day with one level, every millisecond
  of a day with two. Of events in one millisecond the last counts
*/
SELECT d."userId", d.ts, d.level
FROM level_days AS d
WHERE d.level = d.last_level
UNION ALL
SELECT m."userId", m.ts, m.level
FROM level_moments AS m
WHERE m.level = m.last_level
UNION ALL
SELECT e."userId", e.ts, TRIMMED(e.level) AS level
FROM (
  SELECT
    u."userId",
    u.ts,
    u.level,
    ROW_NUMBER() OVER (PARTITION BY u."userId", u.ts ORDER BY LAST_EVENT(u)) AS nth
  FROM events_in_reach AS u
  JOIN level_moments AS m
    ON m."userId" = u."userId" AND m.ts = u.ts
  WHERE m.level <> m.last_level
) AS e
WHERE e.nth = 1
