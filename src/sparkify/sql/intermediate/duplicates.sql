/*
about: how many plays are copies of one that is in songplays, and the first identity of such a play
*/
SELECT d.copies - 1 AS copies, d.ts, d."userId", d."sessionId", d."itemInSession", SUM(d.copies - 1) OVER () AS duplicates
FROM duplicated AS d
ORDER BY d.ts, d."userId", d."sessionId", d."itemInSession"
LIMIT 1
