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
      ORDER BY s.title ASC, s.artist_id ASC, s.artist_name ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, s.artist_location ASC, s.song_id ASC, s.duration ASC, s.year ASC
    ) AS nth
  FROM repaired_songs AS s
) AS f
WHERE
  f.nth = 1;
