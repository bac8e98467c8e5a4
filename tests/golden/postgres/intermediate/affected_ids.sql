-- the ids of affected plays
SELECT
  CAST(p.ts AS TEXT) || '-' || CAST(p."userId" AS TEXT) || '-' || CAST(p."sessionId" AS TEXT) || '-' || CAST(p."itemInSession" AS TEXT) AS songplay_id
FROM affected_plays AS p;
