-- the catalogue with its texts repaired; all that reads the catalogue reads this
SELECT
  s.num_songs,
  CASE WHEN s.artist_id LIKE '% ' THEN RTRIM(s.artist_id, ' ') ELSE s.artist_id END AS artist_id,
  CASE WHEN s.artist_latitude = 0 THEN CAST(0 AS DOUBLE) ELSE s.artist_latitude END AS artist_latitude,
  CASE WHEN s.artist_longitude = 0 THEN CAST(0 AS DOUBLE) ELSE s.artist_longitude END AS artist_longitude,
  COALESCE(l.repaired_text, s.artist_location) AS artist_location,
  COALESCE(a.repaired_text, s.artist_name) AS artist_name,
  CASE WHEN s.song_id LIKE '% ' THEN RTRIM(s.song_id, ' ') ELSE s.song_id END AS song_id,
  COALESCE(t.repaired_text, s.title) AS title,
  CASE WHEN s.duration = 0 THEN CAST(0 AS DOUBLE) ELSE s.duration END AS duration,
  s.year
FROM staging_songs AS s
LEFT JOIN etl_repairs AS l
  ON l.raw_text = s.artist_location
LEFT JOIN etl_repairs AS a
  ON a.raw_text = s.artist_name
LEFT JOIN etl_repairs AS t
  ON t.raw_text = s.title;
