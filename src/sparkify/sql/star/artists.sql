/*
about: every artist of the catalogue, and every artist that was played without being in it
key: artist_id
sort: artist_id
columns:
  artist_id  VARCHAR  not null  id of the artist; ARX… when it is inferred from plays
  name       VARCHAR  not null  the shortest of the spellings, then the first
  location   VARCHAR            place, from the same record as the coordinates
  latitude   DOUBLE             degrees north
  longitude  DOUBLE             degrees east
  inferred   BOOLEAN  not null  whether no record of the catalogue names it
*/
SELECT
  n.artist_id,
  n.artist_name AS name,
  FILLED(p.artist_location) AS location,
  CASE WHEN p.artist_longitude IS NOT NULL THEN p.artist_latitude END AS latitude,
  CASE WHEN p.artist_latitude IS NOT NULL THEN p.artist_longitude END AS longitude,
  FALSE AS inferred
FROM (
  SELECT
    s.artist_id,
    s.artist_name,
    ROW_NUMBER() OVER (
      PARTITION BY s.artist_id
      ORDER BY CHAR_LENGTH(s.artist_name), FIRST_SONG(s)
    ) AS nth
  FROM repaired_songs AS s
) AS n
JOIN (
  SELECT
    s.artist_id,
    s.artist_location,
    s.artist_latitude,
    s.artist_longitude,
    ROW_NUMBER() OVER (
      PARTITION BY s.artist_id
      ORDER BY
        CASE WHEN s.artist_latitude IS NULL OR s.artist_longitude IS NULL THEN 1 ELSE 0 END,
        CASE WHEN FILLED(s.artist_location) IS NULL THEN 1 ELSE 0 END,
        FIRST_SONG(s)
    ) AS nth
  FROM repaired_songs AS s
) AS p
  ON p.artist_id = n.artist_id AND p.nth = 1
WHERE n.nth = 1
UNION ALL
SELECT i.artist_id, i.name, i.location, i.latitude, i.longitude, i.inferred
FROM model.inferred_artists AS i
