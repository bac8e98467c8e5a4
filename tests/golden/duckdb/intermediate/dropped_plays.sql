-- affected plays that unknown_songs = drop leaves out
SELECT
  1 AS plays
FROM plays AS p
JOIN etl_matches AS m
  ON (
    m.artist = CASE WHEN p.artist LIKE '% ' THEN RTRIM(p.artist, ' ') ELSE p.artist END
    AND m.song = CASE WHEN p.song LIKE '% ' THEN RTRIM(p.song, ' ') ELSE p.song END
    AND COALESCE(m.length, 0) = COALESCE(p.length, 0)
    AND (
      m.length IS NULL
    ) = (
      p.length IS NULL
    )
  )
WHERE
  'infer' = 'drop' AND NOT m.is_kept;
