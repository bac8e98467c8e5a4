-- the events of a warehouse that read no topics
SELECT
  ts,
  "sessionId",
  "itemInSession",
  "userId",
  page,
  level,
  auth,
  method,
  status,
  "firstName",
  "lastName",
  gender,
  location,
  "userAgent",
  registration,
  artist,
  song,
  length,
  CAST(NULL AS BIGINT) AS "position",
  file_id
FROM old_staging_events;
