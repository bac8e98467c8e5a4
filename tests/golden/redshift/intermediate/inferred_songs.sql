-- songs that were played and are in no record of the catalogue
SELECT
  m.song_id,
  MIN(COALESCE(r.repaired_text, m.song)) AS title,
  MIN(m.artist_id) AS artist_id,
  CAST(NULL AS INTEGER) AS year,
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
