/*
about: the rows of affected artists
*/
SELECT a.*
FROM artists AS a
WHERE a.artist_id IN (SELECT k.artist_id FROM affected_artists AS k)
