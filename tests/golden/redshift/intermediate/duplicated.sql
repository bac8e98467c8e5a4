-- the identities that more than one play has; sessionId leads, for it tells most plays apart
SELECT
  p."sessionId",
  p."itemInSession",
  p."userId",
  COUNT(*) AS copies
FROM play_rows AS p
GROUP BY
  p."sessionId",
  p."itemInSession",
  p."userId"
HAVING
  COUNT(*) > 1;
