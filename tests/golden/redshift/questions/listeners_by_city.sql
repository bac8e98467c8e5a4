-- Where listeners are, by metropolitan area
SELECT
  COALESCE(p.location, 'unknown') AS metropolitan_area,
  COUNT(*) AS plays,
  COUNT(DISTINCT p.user_id) AS listeners
FROM songplays AS p
GROUP BY
  p.location
ORDER BY
  plays DESC NULLS LAST,
  CAST(p.location AS VARBYTE(65535))
LIMIT 20;
