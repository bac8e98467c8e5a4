-- the ids of affected plays
SELECT
  CAST(p.ts AS VARCHAR(MAX)) || '-' || CAST(p."userId" AS VARCHAR(MAX)) || '-' || CAST(p."sessionId" AS VARCHAR(MAX)) || '-' || CAST(p."itemInSession" AS VARCHAR(MAX)) AS songplay_id
FROM affected_plays AS p;
