/*
about: every play has a song and an artist, unless unknown_songs = null
severity: blocking
*/
SELECT s.songplay_id, s.song_id, s.artist_id
FROM songplays_affected AS s
WHERE :unknown_songs <> 'null' AND (s.song_id IS NULL OR s.artist_id IS NULL)
