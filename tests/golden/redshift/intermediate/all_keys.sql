-- everything that is played
SELECT
  m.artist,
  m.song,
  m.length,
  m.plays
FROM etl_matches AS m
UNION ALL
SELECT
  n.artist,
  n.song,
  n.length,
  n.plays
FROM new_keys AS n;
