/*
title: Where listeners are, by metropolitan area
why: A state's plays often come from one city; these are the twenty areas with the most
chart: bar, x plays, y metropolitan_area
order: 120
*/
SELECT
  COALESCE(p.location, 'unknown') AS metropolitan_area,
  COUNT(*) AS plays,
  COUNT(DISTINCT p.user_id) AS listeners
FROM songplays AS p
GROUP BY p.location
ORDER BY plays DESC, BYTEWISE(p.location)
LIMIT 20
