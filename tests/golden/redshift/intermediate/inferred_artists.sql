-- artists that were played and are in no record of the catalogue
SELECT
  m.artist_id,
  MIN(COALESCE(r.repaired_text, m.artist)) AS name,
  CAST(NULL AS VARCHAR(MAX)) AS location,
  CAST(NULL AS DOUBLE PRECISION) AS latitude,
  CAST(NULL AS DOUBLE PRECISION) AS longitude,
  TRUE AS inferred
FROM artist_matches AS m
LEFT JOIN etl_repairs AS r
  ON r.raw_text = m.artist
LEFT JOIN catalogued_artists AS k
  ON k.artist_id = m.artist_id
WHERE
  m.artist_inferred AND k.artist_id IS NULL
GROUP BY
  m.artist_id;
