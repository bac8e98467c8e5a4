-- what was played before and is another song now; `moves` says whether its plays change
SELECT
  w.artist,
  w.song,
  w.length,
  COALESCE(w.song_id, '') <> COALESCE(m.song_id, '')
  OR COALESCE(w.artist_id, '') <> COALESCE(m.artist_id, '')
  OR w.is_kept <> m.is_kept AS moves
FROM etl_matches AS w
JOIN matches AS m
  ON (
    m.artist = w.artist
    AND m.song = w.song
    AND COALESCE(m.length, 0) = COALESCE(w.length, 0)
    AND (
      m.length IS NULL
    ) = (
      w.length IS NULL
    )
  )
WHERE
  COALESCE(w.song_id, '') <> COALESCE(m.song_id, '')
  OR COALESCE(w.artist_id, '') <> COALESCE(m.artist_id, '')
  OR w.song_inferred <> m.song_inferred
  OR w.artist_inferred <> m.artist_inferred
  OR w.is_kept <> m.is_kept;
