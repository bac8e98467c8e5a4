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
SELECT i.song_id, i.title, i.artist_id, i.year, i.duration, i.inferred
FROM model.inferred_songs AS i
