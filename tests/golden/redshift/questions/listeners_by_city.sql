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
  (
    p.location || CHR(  1)
  )
LIMIT 20;
