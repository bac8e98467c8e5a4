/*
about: the rows that affected plays had before the chunk
*/
SELECT p.*
FROM model.old_events AS p
JOIN known_plays AS t
  ON SAME_PLAY(t, p)
WHERE IN_SPAN(p.ts) AND IS_PLAY(p)
