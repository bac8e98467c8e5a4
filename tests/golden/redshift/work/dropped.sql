-- plays that unknown_songs = drop leaves out
SELECT
  1 AS plays
FROM plays AS p
JOIN etl_matches AS m
  ON m.artist = TRIM(TRAILING ' ' FROM p.artist)
  AND m.song = TRIM(TRAILING ' ' FROM p.song)
  AND COALESCE(m.length, 0) = COALESCE(p.length, 0)
  AND (
    m.length IS NULL
  ) = (
    p.length IS NULL
  )
WHERE
  'infer' = 'drop' AND NOT m.is_kept;
