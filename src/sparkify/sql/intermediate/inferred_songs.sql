/*
about: songs that were played and are in no record of the catalogue
*/
SELECT
  m.song_id,
  MIN_TEXT(COALESCE(r.repaired_text, m.song)) AS title,
  MIN_TEXT(m.artist_id) AS artist_id,
  CAST(NULL AS INTEGER) AS year,
  MIN(m.length) AS duration,
  TRUE AS inferred
FROM song_matches AS m
LEFT JOIN etl_repairs AS r
  ON r.raw_text = m.song
LEFT JOIN catalogued_songs AS k
  ON k.song_id = m.song_id
WHERE m.song_inferred AND k.song_id IS NULL
GROUP BY m.song_id
