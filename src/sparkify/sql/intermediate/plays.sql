/*
about: the plays, each once. Milliseconds without duplicates pass as they are: to number millions of plays of which next to
  none has a duplicate costs seconds
*/
SELECT
  p."userId", p."sessionId", p."itemInSession", p.ts, p.level, p.location, p."userAgent", p.artist, p.song, p.length
FROM play_rows AS p
WHERE p.ts NOT IN (SELECT d.ts FROM duplicated AS d)
UNION ALL
SELECT
  w."userId", w."sessionId", w."itemInSession", w.ts, w.level, w.location, w."userAgent", w.artist, w.song, w.length
FROM deduplicated_plays AS w
