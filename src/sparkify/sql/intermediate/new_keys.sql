/*
about: what is played for the first time
*/
SELECT c.artist, c.song, c.length, c.plays
FROM played_change AS c
WHERE NOT EXISTS (SELECT 1 FROM etl_matches AS m WHERE SAME_SONG(m, c))
