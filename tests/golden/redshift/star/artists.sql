-- every artist of the catalogue, and every artist that was played without being in it
SELECT
  n.artist_id,
  n.artist_name AS name,
  CASE
    WHEN p.artist_location <> ''
    AND (
      p.artist_location NOT LIKE ' %'
      OR TRIM(TRAILING ' ' FROM p.artist_location) <> ''
    )
    THEN p.artist_location
  END AS location,
  CASE WHEN NOT p.artist_longitude IS NULL THEN p.artist_latitude END AS latitude,
  CASE WHEN NOT p.artist_latitude IS NULL THEN p.artist_longitude END AS longitude,
  FALSE AS inferred
FROM (
  SELECT
    s.artist_id,
    s.artist_name,
    ROW_NUMBER() OVER (
      PARTITION BY s.artist_id
      ORDER BY LENGTH(s.artist_name), CAST(s.title AS VARBYTE(65535)) ASC, CAST(s.artist_id AS VARBYTE(65535)) ASC, CAST(s.artist_name AS VARBYTE(65535)) ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, CAST(s.artist_location AS VARBYTE(65535)) ASC, CAST(s.song_id AS VARBYTE(65535)) ASC, s.duration ASC, s.year ASC
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
      ORDER BY CASE WHEN s.artist_latitude IS NULL OR s.artist_longitude IS NULL THEN 1 ELSE 0 END, CASE
        WHEN CASE
          WHEN s.artist_location <> ''
          AND (
            s.artist_location NOT LIKE ' %'
            OR TRIM(TRAILING ' ' FROM s.artist_location) <> ''
          )
          THEN s.artist_location
        END IS NULL
        THEN 1
        ELSE 0
      END, CAST(s.title AS VARBYTE(65535)) ASC, CAST(s.artist_id AS VARBYTE(65535)) ASC, CAST(s.artist_name AS VARBYTE(65535)) ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, CAST(s.artist_location AS VARBYTE(65535)) ASC, CAST(s.song_id AS VARBYTE(65535)) ASC, s.duration ASC, s.year ASC
    ) AS nth
  FROM repaired_songs AS s
) AS p
  ON p.artist_id = n.artist_id AND p.nth = 1
WHERE
  n.nth = 1
UNION ALL
SELECT
  i.artist_id,
  i.name,
  i.location,
  i.latitude,
  i.longitude,
  i.inferred
FROM model.inferred_artists AS i;
