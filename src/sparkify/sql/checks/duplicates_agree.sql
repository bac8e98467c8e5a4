/*
about: plays that share userId, sessionId and itemInSession are the same in everything
severity: warning
*/
SELECT r."userId", r."sessionId", r."itemInSession", COUNT(*) AS versions
FROM (
  SELECT DISTINCT EVENT_COLUMNS(p)
  FROM play_rows AS p
  JOIN duplicated AS d
    ON d."userId" = p."userId" AND d."sessionId" = p."sessionId" AND d."itemInSession" = p."itemInSession"
) AS r
GROUP BY r."userId", r."sessionId", r."itemInSession"
HAVING COUNT(*) > 1
