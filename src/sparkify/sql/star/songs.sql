/*
about: every song of the catalogue, and every song that was played without being in it
key: song_id
sort: song_id
references: artist_id -> artists.artist_id
columns:
  song_id    VARCHAR  not null  id of the song; SOX… when it is inferred from plays
  title      VARCHAR  not null  title, from the first record of that song_id
  artist_id  VARCHAR  not null  whose song it is
  year       INTEGER            year of release; NULL when unknown
  duration   DOUBLE             seconds; of an inferred song the smallest length among its plays
  inferred   BOOLEAN  not null  whether no record of the catalogue names it
*/
SELECT
  c.song_id,
  c.title,
  c.artist_id,
  NULLIF(c.year, 0) AS year,
  c.duration,
  FALSE AS inferred
FROM catalogue AS c
UNION ALL
SELECT
  m.song_id,
  MIN_TEXT(COALESCE(r.repaired_text, m.song)) AS title,
  MIN_TEXT(m.artist_id) AS artist_id,
  CAST(NULL AS INTEGER) AS year,
  MIN(m.length) AS duration,
  TRUE AS inferred
FROM etl_matches AS m
LEFT JOIN repairs AS r
  ON r.raw_text = m.song
WHERE m.song_inferred AND NOT EXISTS (SELECT 1 FROM catalogue AS k WHERE k.song_id = m.song_id)
GROUP BY m.song_id
