-- the levels of each user, day by day. On nearly every day a user has one level: millions of events become a few rows, and only the days with two levels are looked at event by event
SELECT
  u."userId",
  u.ts - u.ts % 86400000 AS day,
  MIN(u.ts) AS ts,
<<<<<<< HEAD
  MIN(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END COLLATE "C"
  ) AS level,
  MAX(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END COLLATE "C"
  ) AS last_level
=======
  MAX(u.ts) AS last_ts,
  CASE
    WHEN MIN(u.level COLLATE "C") LIKE '% '
    THEN TRIM(TRAILING ' ' FROM MIN(u.level COLLATE "C"))
    ELSE MIN(u.level COLLATE "C")
  END AS level,
  CASE
    WHEN MAX(u.level COLLATE "C") LIKE '% '
    THEN TRIM(TRAILING ' ' FROM MAX(u.level COLLATE "C"))
    ELSE MAX(u.level COLLATE "C")
  END AS last_level
>>>>>>> 8420a1a (A chunk costs what it brings: read staging in its days alone, match what is new, write what differs)
FROM user_rows AS u
GROUP BY
  u."userId",
  u.ts - u.ts % 86400000;
