/*
about: plays that unknown_songs = drop leaves out
*/
SELECT 1 AS plays
FROM plays AS p
JOIN etl_matches AS m
  ON m.artist = TRIMMED(p.artist)
  AND m.song = TRIMMED(p.song)
  AND COALESCE(m.length, 0) = COALESCE(p.length, 0)
  AND (m.length IS NULL) = (p.length IS NULL)
WHERE :unknown_songs = 'drop' AND NOT m.is_kept
