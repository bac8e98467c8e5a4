-- inferred songs without an id, with what their id is made of
SELECT
  m.artist,
  m.song,
  COALESCE(r.repaired_text, m.artist) AS artist_name,
  COALESCE(t.repaired_text, m.song) AS title
FROM matched_songs AS m
LEFT JOIN etl_repairs AS r
  ON r.raw_text = m.artist
LEFT JOIN etl_repairs AS t
  ON t.raw_text = m.song
WHERE
  m.song_inferred AND m.song_id IS NULL;
