/*
about: the catalogue with its texts repaired; all that reads the catalogue reads this
*/
SELECT
  s.num_songs,
  TRIMMED(s.artist_id) AS artist_id,
  UNSIGNED_ZERO(s.artist_latitude) AS artist_latitude,
  UNSIGNED_ZERO(s.artist_longitude) AS artist_longitude,
  COALESCE(l.repaired_text, s.artist_location) AS artist_location,
  COALESCE(a.repaired_text, s.artist_name) AS artist_name,
  TRIMMED(s.song_id) AS song_id,
  COALESCE(t.repaired_text, s.title) AS title,
  UNSIGNED_ZERO(s.duration) AS duration,
  s.year
FROM staging_songs AS s
LEFT JOIN etl_repairs AS l
  ON l.raw_text = s.artist_location
LEFT JOIN etl_repairs AS a
  ON a.raw_text = s.artist_name
LEFT JOIN etl_repairs AS t
  ON t.raw_text = s.title
