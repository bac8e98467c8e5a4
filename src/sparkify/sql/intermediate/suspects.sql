/*
about: names that may have been encoded more than once, and were not seen before: of artists, songs, places of artists,
  and users
*/
SELECT t.raw_text
FROM (
  SELECT p.artist AS raw_text FROM suspect_plays AS p
  UNION
  SELECT p.song AS raw_text FROM suspect_plays AS p
  UNION
  SELECT s.title AS raw_text FROM suspect_songs AS s
  UNION
  SELECT s.artist_name AS raw_text FROM suspect_songs AS s
  UNION
  SELECT s.artist_location AS raw_text FROM suspect_songs AS s
  UNION
  SELECT e."firstName" AS raw_text FROM last_events AS e
  UNION
  SELECT e."lastName" AS raw_text FROM last_events AS e
) AS t
WHERE SUSPECT(t.raw_text) AND NOT EXISTS (SELECT 1 FROM etl_repairs AS r WHERE r.raw_text = t.raw_text)
