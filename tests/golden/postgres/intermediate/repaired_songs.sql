-- the catalogue with its texts repaired; all that reads the catalogue reads this
SELECT
  s.num_songs,
  CASE
    WHEN s.artist_id LIKE '% '
    THEN TRIM(TRAILING ' ' FROM s.artist_id)
    ELSE s.artist_id
  END AS artist_id,
  s.artist_latitude,
  s.artist_longitude,
  COALESCE(l.repaired_text, s.artist_location) AS artist_location,
  COALESCE(a.repaired_text, s.artist_name) AS artist_name,
  CASE
    WHEN s.song_id LIKE '% '
    THEN TRIM(TRAILING ' ' FROM s.song_id)
    ELSE s.song_id
  END AS song_id,
  COALESCE(t.repaired_text, s.title) AS title,
  s.duration,
  s.year
FROM staging_songs AS s
LEFT JOIN repairs AS l
  ON l.raw_text = s.artist_location
LEFT JOIN repairs AS a
  ON a.raw_text = s.artist_name
LEFT JOIN repairs AS t
  ON t.raw_text = s.title;
