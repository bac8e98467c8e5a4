-- every song of the catalogue, and every song that was played without being in it
SELECT
  c.song_id,
  c.title,
  c.artist_id,
  NULLIF(c.year, 0) AS year,
  c.duration,
  FALSE AS inferred
FROM catalogue AS c
UNION ALL
SELECT
  m.song_id,
  MIN(COALESCE(r.repaired_text, m.song)) AS title,
  MIN(m.artist_id) AS artist_id,
  CAST(NULL AS INT) AS year,
  MIN(m.length) AS duration,
  TRUE AS inferred
FROM etl_matches AS m
LEFT JOIN repairs AS r
  ON r.raw_text = m.song
WHERE
  m.song_inferred
  AND NOT EXISTS(
    SELECT
      1
    FROM catalogue AS k
    WHERE
      k.song_id = m.song_id
  )
GROUP BY
  m.song_id;
