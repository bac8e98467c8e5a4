/*
about: the rows of affected plays: those of new files, and those that were there before
*/
SELECT p.*
FROM staging_events AS p
WHERE p.file_id >= :first_new AND IS_PLAY(p)
UNION ALL
SELECT p.*
FROM staging_events AS p
JOIN known_plays AS t
  ON SAME_PLAY(t, p)
WHERE p.file_id < :first_new AND IN_SPAN(p.ts) AND IS_PLAY(p)
