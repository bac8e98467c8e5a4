-- the first record of each song_id
SELECT
  f.song_id,
  f.title,
  f.artist_id,
  f.year,
  f.duration
FROM (
  SELECT
    s.*,
    ROW_NUMBER() OVER (
      PARTITION BY s.song_id
      ORDER BY (
        s.title || CHR(  1)
      ) ASC, (
        s.artist_id || CHR(  1)
      ) ASC, (
        s.artist_name || CHR(  1)
      ) ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, (
        s.artist_location || CHR(  1)
      ) ASC, (
        s.song_id || CHR(  1)
      ) ASC, s.duration ASC, s.year ASC
    ) AS nth
  FROM repaired_songs AS s
) AS f
WHERE
  f.nth = 1;
