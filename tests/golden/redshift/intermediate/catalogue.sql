-- the first record of each song_id
SELECT
  f.song_id,
  f.title,
  f.artist_id,
  f.year,
  f.duration
FROM (
  SELECT
    s.song_id,
    s.title,
    s.artist_id,
    s.year,
    s.duration,
    ROW_NUMBER() OVER (
      PARTITION BY s.song_id
      ORDER BY CAST(s.title AS VARBYTE(65535)) ASC, CAST(s.artist_id AS VARBYTE(65535)) ASC, CAST(s.artist_name AS VARBYTE(65535)) ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, CAST(s.artist_location AS VARBYTE(65535)) ASC, CAST(s.song_id AS VARBYTE(65535)) ASC, s.duration ASC, s.year ASC
    ) AS nth
  FROM repaired_songs AS s
) AS f
WHERE
  f.nth = 1;
