/*
about: the ids of affected plays
*/
SELECT SONGPLAY_ID(p) AS songplay_id
FROM affected_plays AS p
