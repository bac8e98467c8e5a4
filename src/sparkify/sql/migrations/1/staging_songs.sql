/*
about: the songs of a warehouse that read no topics
*/
SELECT
  num_songs,
  artist_id,
  artist_latitude,
  artist_longitude,
  artist_location,
  artist_name,
  song_id,
  title,
  duration,
  year,
  CAST(NULL AS BIGINT) AS "position",
  file_id
FROM old_staging_songs
