-- one row per play, with the song that it plays
SELECT
  CAST(p.ts AS TEXT) || '-' || CAST(p."userId" AS TEXT) || '-' || CAST(p."sessionId" AS TEXT) || '-' || CAST(p."itemInSession" AS TEXT) AS songplay_id,
  EPOCH_MS(p.ts) AS start_time,
  p."userId" AS user_id,
  CASE WHEN p.level LIKE '% ' THEN RTRIM(p.level, ' ') ELSE p.level END AS level,
  m.song_id,
  m.artist_id,
  p."sessionId" AS session_id,
  CASE
    WHEN p.location <> ''
    AND (
      p.location NOT LIKE ' %' OR RTRIM(p.location, ' ') <> ''
    )
    THEN p.location
  END AS location,
  p."userAgent" AS user_agent
FROM plays AS p
JOIN etl_matches AS m
  ON (
    m.artist = CASE WHEN p.artist LIKE '% ' THEN RTRIM(p.artist, ' ') ELSE p.artist END
    AND m.song = CASE WHEN p.song LIKE '% ' THEN RTRIM(p.song, ' ') ELSE p.song END
    AND COALESCE(m.length, 0) = COALESCE(p.length, 0)
    AND (
      m.length IS NULL
    ) = (
      p.length IS NULL
    )
  )
WHERE
  m.is_kept;
