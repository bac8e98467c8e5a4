/*
about: what was played before and is another song now
*/
SELECT w.artist, w.song, w.length
FROM (
  SELECT artist, song, length, song_id, artist_id, is_kept FROM etl_matches
  EXCEPT
  SELECT artist, song, length, song_id, artist_id, is_kept FROM matches
) AS w
JOIN matches AS m
  ON SAME_SONG(m, w)
