/*
about: plays that unknown_songs = drop leaves out
*/
SELECT m.plays
FROM etl_matches AS m
WHERE NOT m.is_kept
