-- no event is from before 2000 (seconds for milliseconds?)
SELECT DISTINCT
  e.ts,
  e."sessionId",
  e."itemInSession",
  e."userId"
FROM staging_events_affected AS e
WHERE
  e.ts < 946684800000;
