-- songs that were played and are in no record of the catalogue
SELECT
  m.song_id,
  MIN(COALESCE(r.repaired_text, m.song) COLLATE "C") AS title,
  MIN(m.artist_id COLLATE "C") AS artist_id,
  CAST(NULL AS INT) AS year,
  MIN(m.length) AS duration,
  TRUE AS inferred
FROM song_matches AS m
LEFT JOIN etl_repairs AS r
  ON r.raw_text = m.song
LEFT JOIN catalogued_songs AS k
  ON k.song_id = m.song_id
WHERE
  m.song_inferred AND k.song_id IS NULL
GROUP BY
  m.song_id;
