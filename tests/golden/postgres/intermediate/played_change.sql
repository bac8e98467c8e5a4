-- by how many each (artist, song, length) is played more often than before the chunk, or less
SELECT
  w.artist,
  w.song,
  w.length,
  CAST(SUM(w.plays) AS BIGINT) AS plays
FROM (
  SELECT
    b.artist,
    b.song,
    b.length,
    -b.plays AS plays
  FROM played_before AS b
  UNION ALL
  SELECT
    n.artist,
    n.song,
    n.length,
    n.plays
  FROM played_now AS n
) AS w
GROUP BY
  w.artist,
  w.song,
  w.length
HAVING
  SUM(w.plays) <> 0;
