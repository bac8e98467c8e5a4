-- latitudes lie within ±90 degrees, longitudes within ±180
SELECT
  a.artist_id,
  a.name,
  a.latitude,
  a.longitude
FROM artists_affected AS a
WHERE
  ABS(a.latitude) > 90 OR ABS(a.longitude) > 180;
