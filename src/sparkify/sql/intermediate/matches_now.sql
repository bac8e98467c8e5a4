/*
about: which songs are played in the chunk
*/
SELECT m.song_id, m.song_inferred, n.plays
FROM played_now AS n
JOIN etl_matches AS m
  ON SAME_SONG(m, n)
