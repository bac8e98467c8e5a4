-- every song of the catalogue, and every song that was played without being in it
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
  i.song_id,
  i.title,
  i.artist_id,
  i.year,
  i.duration,
  i.inferred
FROM model.inferred_songs AS i;
