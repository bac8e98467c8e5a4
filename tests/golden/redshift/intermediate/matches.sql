-- which song each (artist, song, length) is: the catalogue's song of that title and artist whose duration is nearest, else an inferred one, as the setting unknown_songs says. Texts are compared as they are repaired
SELECT
  w.artist,
  w.song,
  w.length,
  w.plays,
  CASE
    WHEN NOT w.found_song_id IS NULL
    THEN w.found_song_id
    WHEN 'infer' = 'infer'
    THEN 'SOX' || UPPER(
      SUBSTRING(MD5(
        CASE
          WHEN OCTET_LENGTH(w.artist_name) + OCTET_LENGTH(w.title) < 65535
          THEN w.artist_name
        END || CHR(  31) || CASE
          WHEN OCTET_LENGTH(w.artist_name) + OCTET_LENGTH(w.title) < 65535
          THEN w.title
        END
      ) FROM 1 FOR 15)
    )
  END AS song_id,
  CASE
    WHEN NOT w.found_song_id IS NULL
    THEN w.found_artist_id
    WHEN NOT w.named_artist_id IS NULL
    THEN w.named_artist_id
    WHEN 'infer' = 'infer'
    THEN 'ARX' || UPPER(SUBSTRING(MD5(w.artist_name) FROM 1 FOR 15))
  END AS artist_id,
  w.found_song_id IS NULL AND 'infer' = 'infer' AS song_inferred,
  w.found_song_id IS NULL AND w.named_artist_id IS NULL AND 'infer' = 'infer' AS artist_inferred,
  NOT w.found_song_id IS NULL OR 'infer' <> 'drop' AS is_kept
FROM (
  SELECT
    p.artist,
    p.song,
    p.length,
    p.plays,
    p.artist_name,
    p.title,
    c.song_id AS found_song_id,
    c.artist_id AS found_artist_id,
    a.artist_id AS named_artist_id,
    ROW_NUMBER() OVER (
      PARTITION BY p.artist, p.song, p.length
      ORDER BY CASE
        WHEN (
          ABS(s.duration) < CAST('1e300' AS DOUBLE PRECISION)
          AND ABS(p.length) < CAST('1e300' AS DOUBLE PRECISION)
        )
        THEN CASE
          WHEN ABS(ABS(s.duration - p.length)) < CAST('1e-300' AS DOUBLE PRECISION)
          THEN CAST(0 AS DOUBLE PRECISION)
          ELSE CAST(ABS(s.duration - p.length) AS DOUBLE PRECISION) / 2
        END
        ELSE ABS(
          CASE
            WHEN ABS(s.duration) < CAST('1e-300' AS DOUBLE PRECISION)
            THEN CAST(0 AS DOUBLE PRECISION)
            ELSE CAST(s.duration AS DOUBLE PRECISION) / 2
          END - CASE
            WHEN ABS(p.length) < CAST('1e-300' AS DOUBLE PRECISION)
            THEN CAST(0 AS DOUBLE PRECISION)
            ELSE CAST(p.length AS DOUBLE PRECISION) / 2
          END
        )
      END ASC, CASE
        WHEN (
          ABS(s.duration) < CAST('1e300' AS DOUBLE PRECISION)
          AND ABS(p.length) < CAST('1e300' AS DOUBLE PRECISION)
        )
        THEN CASE
          WHEN ABS(s.duration - p.length) < CAST('1e-300' AS DOUBLE PRECISION)
          THEN ABS(s.duration - p.length)
          ELSE CAST(0 AS DOUBLE PRECISION)
        END
        ELSE CAST(0 AS DOUBLE PRECISION)
      END ASC, CAST(s.song_id AS VARBYTE(65535)) ASC
    ) AS nth
  FROM (
    SELECT
      d.artist,
      d.song,
      d.length,
      d.plays,
      COALESCE(r.repaired_text, d.artist) AS artist_name,
      COALESCE(t.repaired_text, d.song) AS title
    FROM to_match AS d
    LEFT JOIN etl_repairs AS r
      ON r.raw_text = d.artist
    LEFT JOIN etl_repairs AS t
      ON t.raw_text = d.song
  ) AS p
  LEFT JOIN repaired_songs AS s
    ON CASE WHEN s.title LIKE '% ' THEN TRIM(TRAILING ' ' FROM s.title) ELSE s.title END = p.title
    AND CASE
      WHEN s.artist_name LIKE '% '
      THEN TRIM(TRAILING ' ' FROM s.artist_name)
      ELSE s.artist_name
    END = p.artist_name
  LEFT JOIN catalogue AS c
    ON c.song_id = s.song_id
  LEFT JOIN (
    SELECT
      CASE
        WHEN s.artist_name LIKE '% '
        THEN TRIM(TRAILING ' ' FROM s.artist_name)
        ELSE s.artist_name
      END AS artist,
      MIN(s.artist_id) AS artist_id
    FROM repaired_songs AS s
    GROUP BY
      CASE
        WHEN s.artist_name LIKE '% '
        THEN TRIM(TRAILING ' ' FROM s.artist_name)
        ELSE s.artist_name
      END
  ) AS a
    ON a.artist = p.artist_name
) AS w
WHERE
  w.nth = 1;
