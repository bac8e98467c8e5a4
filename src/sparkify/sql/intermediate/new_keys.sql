/*
about: what is played for the first time
*/
SELECT c.artist, c.song, c.length, c.plays
FROM played_change AS c
LEFT JOIN etl_matches AS m
  ON SAME_SONG(m, c)
WHERE m.artist IS NULL
