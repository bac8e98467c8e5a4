/*
about: affected plays that unknown_songs = drop leaves out
*/
SELECT 1 AS plays
FROM plays AS p
JOIN etl_matches AS m
  ON PLAYS_SONG(m, p)
WHERE :unknown_songs = 'drop' AND NOT m.is_kept
