-- which songs are played in the chunk
SELECT
  m.song_id,
  m.song_inferred,
  n.plays
FROM played_now AS n
JOIN etl_matches AS m
  ON (
    m.artist = n.artist
    AND m.song = n.song
    AND COALESCE(m.length, 0) = COALESCE(n.length, 0)
    AND (
      m.length IS NULL
    ) = (
      n.length IS NULL
    )
  );
