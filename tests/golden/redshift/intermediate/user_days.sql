-- the users and days in which rows come or go
SELECT DISTINCT
  e."userId",
  e.ts - e.ts % 86400000 AS day
FROM chunk_events AS e
WHERE
  NOT e."userId" IS NULL;
