-- what is played for the first time
SELECT
  c.artist,
  c.song,
  c.length,
  c.plays
FROM played_change AS c
LEFT JOIN etl_matches AS m
  ON (
    m.artist = c.artist
    AND m.song = c.song
    AND COALESCE(m.length, 0) = COALESCE(c.length, 0)
    AND (
      m.length IS NULL
    ) = (
      c.length IS NULL
    )
  )
WHERE
  m.artist IS NULL;
