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
WHERE
  m.song_inferred
  AND NOT EXISTS(
    SELECT
      1
    FROM catalogued_songs AS k
    WHERE
      k.song_id = m.song_id
  )
GROUP BY
  m.song_id;
