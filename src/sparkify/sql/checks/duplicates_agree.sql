/*
about: plays that share ts, userId, sessionId and itemInSession are the same in everything
severity: warning
key: ts, userId, sessionId, itemInSession
*/
SELECT r.ts, r."userId", r."sessionId", r."itemInSession", COUNT(*) AS versions
FROM (
  SELECT DISTINCT EVENT_COLUMNS(p)
  FROM play_rows AS p
  JOIN duplicated AS d
    ON SAME_PLAY(d, p)
) AS r
GROUP BY r.ts, r."userId", r."sessionId", r."itemInSession"
HAVING COUNT(*) > 1
