-- Plays that found their song
SELECT
  f.found,
  f.plays,
  f.songs,
  CAST(f.plays AS DOUBLE) / t.plays AS share
FROM (
  SELECT
    w.found,
    CAST(SUM(w.plays) AS BIGINT) AS plays,
    COUNT(*) AS songs
  FROM (
    SELECT
      m.artist,
      m.song,
      SUM(m.plays) AS plays,
      CASE
        WHEN NOT m.song_id IS NULL AND NOT m.song_inferred
        THEN 'the song'
        WHEN NOT m.artist_id IS NULL AND NOT m.artist_inferred
        THEN 'the artist alone'
        ELSE 'neither'
      END AS found
    FROM etl_matches AS m
    GROUP BY
      m.artist,
      m.song,
      CASE
        WHEN NOT m.song_id IS NULL AND NOT m.song_inferred
        THEN 'the song'
        WHEN NOT m.artist_id IS NULL AND NOT m.artist_inferred
        THEN 'the artist alone'
        ELSE 'neither'
      END
  ) AS w
  GROUP BY
    w.found
) AS f
CROSS JOIN (
  SELECT
    SUM(m.plays) AS plays
  FROM etl_matches AS m
) AS t
ORDER BY
  CASE f.found WHEN 'the song' THEN 1 WHEN 'the artist alone' THEN 2 ELSE 3 END;
