-- what was played before and is another song now
SELECT
  w.artist,
  w.song,
  w.length
FROM (
  SELECT
    artist,
    song,
    length,
    song_id,
    artist_id,
    is_kept
  FROM etl_matches
  EXCEPT
  SELECT
    artist,
    song,
    length,
    song_id,
    artist_id,
    is_kept
  FROM matches
) AS w
JOIN matches AS m
  ON (
    m.artist = w.artist
    AND m.song = w.song
    AND COALESCE(m.length, 0) = COALESCE(w.length, 0)
    AND (
      m.length IS NULL
    ) = (
      w.length IS NULL
    )
  );
