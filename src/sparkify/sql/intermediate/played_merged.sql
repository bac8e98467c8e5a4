/*
about: what was played, after a chunk: what was known, less the plays as they were, and the plays as they are now
*/
SELECT w.artist, w.song, w.length, CAST(SUM(w.plays) AS BIGINT) AS plays
FROM (
  SELECT artist, song, length, plays FROM etl_matches
  UNION ALL
  SELECT artist, song, length, -plays FROM played_before
  UNION ALL
  SELECT artist, song, length, plays FROM played_after
) AS w
GROUP BY w.artist, w.song, w.length
HAVING SUM(w.plays) > 0
