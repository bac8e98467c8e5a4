/*
about: the identities that more than one play of staging has
*/
SELECT p."userId", p."sessionId", p."itemInSession", COUNT(*) AS copies
FROM play_rows AS p
GROUP BY p."userId", p."sessionId", p."itemInSession"
HAVING COUNT(*) > 1
