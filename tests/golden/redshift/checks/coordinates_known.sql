-- no artist is at latitude 0 and longitude 0, which stands for an unknown place in other systems
SELECT DISTINCT
  s.artist_id
FROM staging_songs_affected AS s
WHERE
  s.artist_latitude = 0 AND s.artist_longitude = 0;
