-- the identities that more than one play has; ts leads, because it tells most plays apart
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  COUNT(*) AS copies
FROM play_rows AS p
GROUP BY
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession"
HAVING
  COUNT(*) > 1;
