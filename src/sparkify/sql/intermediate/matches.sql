/*
about: which song each (artist, song, length) is: the catalogue's song of that title and artist whose duration is nearest,
  else an inferred one, as the setting unknown_songs says. Texts are compared as they are repaired
*/
SELECT
  w.artist,
  w.song,
  w.length,
  w.plays,
  CASE
    WHEN w.found_song_id IS NOT NULL THEN w.found_song_id
    WHEN :unknown_songs = 'infer' THEN 'SOX' || UPPER(SUBSTRING(SONG_DIGEST(w.artist_name, w.title), 1, 15))
  END AS song_id,
  CASE
    WHEN w.found_song_id IS NOT NULL THEN w.found_artist_id
    WHEN w.named_artist_id IS NOT NULL THEN w.named_artist_id
    WHEN :unknown_songs = 'infer' THEN 'ARX' || UPPER(SUBSTRING(MD5(w.artist_name), 1, 15))
  END AS artist_id,
  w.found_song_id IS NULL AND :unknown_songs = 'infer' AS song_inferred,
  w.found_song_id IS NULL AND w.named_artist_id IS NULL AND :unknown_songs = 'infer' AS artist_inferred,
  w.found_song_id IS NOT NULL OR :unknown_songs <> 'drop' AS is_kept
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
      ORDER BY
        HALF_DISTANCE(s.duration, p.length) ASC NULLS LAST,
        TINY_DISTANCE(s.duration, p.length) ASC NULLS LAST,
        BYTEWISE(s.song_id) ASC NULLS LAST
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
    ON TRIMMED(s.title) = p.title AND TRIMMED(s.artist_name) = p.artist_name
  LEFT JOIN catalogue AS c
    ON c.song_id = s.song_id
  LEFT JOIN (
    SELECT TRIMMED(s.artist_name) AS artist, MIN_TEXT(s.artist_id) AS artist_id
    FROM repaired_songs AS s
    GROUP BY TRIMMED(s.artist_name)
  ) AS a
    ON a.artist = p.artist_name
) AS w
WHERE w.nth = 1
