-- index of staging_events up to date
SELECT brin_summarize_new_values(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = 'staging_events_span_idx' AND n.nspname = current_schema() AND pg_has_role(c.relowner, 'USAGE');

-- statistics of staging_events
ANALYZE staging_events;

-- index of staging_songs up to date
SELECT brin_summarize_new_values(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = 'staging_songs_span_idx' AND n.nspname = current_schema() AND pg_has_role(c.relowner, 'USAGE');

-- statistics of staging_songs
ANALYZE staging_songs;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_start_time_fkey;

-- drop the keys of songplays
DROP INDEX IF EXISTS songplays_start_time_idx;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_user_id_fkey;

-- drop the keys of songplays
DROP INDEX IF EXISTS songplays_user_id_idx;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_song_id_fkey;

-- drop the keys of songplays
DROP INDEX IF EXISTS songplays_song_id_idx;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_artist_id_fkey;

-- drop the keys of songplays
DROP INDEX IF EXISTS songplays_artist_id_idx;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_pkey;

-- drop the keys of time
ALTER TABLE "time" DROP CONSTRAINT IF EXISTS time_pkey;

-- drop the keys of users_history
ALTER TABLE users_history DROP CONSTRAINT IF EXISTS users_history_user_id_fkey;

-- drop the keys of users_history
DROP INDEX IF EXISTS users_history_user_id_idx;

-- drop the keys of users_history
ALTER TABLE users_history DROP CONSTRAINT IF EXISTS users_history_pkey;

-- drop the keys of users
ALTER TABLE users DROP CONSTRAINT IF EXISTS users_pkey;

-- drop the keys of songs
ALTER TABLE songs DROP CONSTRAINT IF EXISTS songs_artist_id_fkey;

-- drop the keys of songs
DROP INDEX IF EXISTS songs_artist_id_idx;

-- drop the keys of songs
ALTER TABLE songs DROP CONSTRAINT IF EXISTS songs_pkey;

-- drop the keys of artists
ALTER TABLE artists DROP CONSTRAINT IF EXISTS artists_pkey;

-- find duplicates
CREATE TEMPORARY TABLE duplicated AS
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  COUNT(*) AS copies
FROM (
  SELECT
    p.*
  FROM staging_events AS p
  WHERE
    (
      p.page = 'NextSong'
      OR (
        p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
      )
    )
) AS p
GROUP BY
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession"
HAVING
  COUNT(*) > 1;

-- statistics of duplicated
ANALYZE duplicated;

-- the first of their duplicates
CREATE TEMPORARY TABLE deduplicated_plays AS
SELECT
  f."userId",
  f."sessionId",
  f."itemInSession",
  f.ts,
  f.level,
  f.location,
  f."userAgent",
  f.artist,
  f.song,
  f.length
FROM (
  SELECT
    p."userId",
    p."sessionId",
    p."itemInSession",
    p.ts,
    p.level,
    p.location,
    p."userAgent",
    p.artist,
    p.song,
    p.length,
    ROW_NUMBER() OVER (
      PARTITION BY p.ts, p."userId", p."sessionId", p."itemInSession"
      ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, p.page COLLATE "C" ASC, p.level COLLATE "C" ASC, p.auth COLLATE "C" ASC, p.method COLLATE "C" ASC, p.status ASC, p."firstName" COLLATE "C" ASC, p."lastName" COLLATE "C" ASC, p.gender COLLATE "C" ASC, p.location COLLATE "C" ASC, p."userAgent" COLLATE "C" ASC, p.registration ASC, p.artist COLLATE "C" ASC, p.song COLLATE "C" ASC, p.length ASC
    ) AS nth
  FROM (
    SELECT
      p.*
    FROM staging_events AS p
    WHERE
      (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
  ) AS p
  WHERE
    p.ts IN (
      SELECT
        d.ts
      FROM duplicated AS d
    )
) AS f
WHERE
  f.nth = 1;

-- statistics of deduplicated_plays
ANALYZE deduplicated_plays;

-- count what was played
CREATE TEMPORARY TABLE played AS
SELECT
  CASE WHEN p.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.artist) ELSE p.artist END AS artist,
  CASE WHEN p.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.song) ELSE p.song END AS song,
  CASE WHEN p.length = 0 THEN CAST(0 AS DOUBLE PRECISION) ELSE p.length END AS length,
  COUNT(*) AS plays
FROM (
  SELECT
    p."userId",
    p."sessionId",
    p."itemInSession",
    p.ts,
    p.level,
    p.location,
    p."userAgent",
    p.artist,
    p.song,
    p.length
  FROM (
    SELECT
      p.*
    FROM staging_events AS p
    WHERE
      (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
  ) AS p
  WHERE
    NOT p.ts IN (
      SELECT
        d.ts
      FROM duplicated AS d
    )
  UNION ALL
  SELECT
    w."userId",
    w."sessionId",
    w."itemInSession",
    w.ts,
    w.level,
    w.location,
    w."userAgent",
    w.artist,
    w.song,
    w.length
  FROM deduplicated_plays AS w
) AS p
GROUP BY
  CASE WHEN p.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.artist) ELSE p.artist END,
  CASE WHEN p.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.song) ELSE p.song END,
  CASE WHEN p.length = 0 THEN CAST(0 AS DOUBLE PRECISION) ELSE p.length END;

-- statistics of played
ANALYZE played;

-- levels by user and day
CREATE TEMPORARY TABLE level_days AS
SELECT
  u."userId",
  u.ts - u.ts % 86400000 AS day,
  MIN(u.ts) AS ts,
  MAX(u.ts) AS last_ts,
  MIN(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END COLLATE "C"
  ) AS level,
  MAX(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END COLLATE "C"
  ) AS last_level
FROM (
  SELECT
    u."userId",
    u.ts,
    u.level
  FROM staging_events AS u
  WHERE
    NOT u."userId" IS NULL
) AS u
GROUP BY
  u."userId",
  u.ts - u.ts % 86400000;

-- statistics of level_days
ANALYZE level_days;

-- levels by user and millisecond, on days with two
CREATE TEMPORARY TABLE level_moments AS
SELECT
  u."userId",
  u.ts,
  MIN(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END COLLATE "C"
  ) AS level,
  MAX(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END COLLATE "C"
  ) AS last_level
FROM (
  SELECT
    u."userId",
    u.ts,
    u.level
  FROM staging_events AS u
  WHERE
    NOT u."userId" IS NULL
) AS u
JOIN level_days AS d
  ON d."userId" = u."userId" AND d.day = u.ts - u.ts % 86400000
WHERE
  d.level <> d.last_level
GROUP BY
  u."userId",
  u.ts;

-- statistics of level_moments
ANALYZE level_moments;

-- last time of each user
CREATE TEMPORARY TABLE last_times AS
SELECT
  l."userId",
  MAX(l.last_ts) AS ts
FROM level_days AS l
GROUP BY
  l."userId";

-- statistics of last_times
ANALYZE last_times;

-- last event of each user
CREATE TEMPORARY TABLE last_events AS
SELECT
  e."userId",
  e.ts,
  e.level,
  e."firstName",
  e."lastName",
  e.gender
FROM (
  SELECT
    u."userId",
    u.ts,
    u.level,
    u."firstName",
    u."lastName",
    u.gender,
    ROW_NUMBER() OVER (
      PARTITION BY u."userId"
      ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, u.page COLLATE "C" DESC, u.level COLLATE "C" DESC, u.auth COLLATE "C" DESC, u.method COLLATE "C" DESC, u.status DESC, u."firstName" COLLATE "C" DESC, u."lastName" COLLATE "C" DESC, u.gender COLLATE "C" DESC, u.location COLLATE "C" DESC, u."userAgent" COLLATE "C" DESC, u.registration DESC, u.artist COLLATE "C" DESC, u.song COLLATE "C" DESC, u.length DESC
    ) AS nth
  FROM staging_events AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE
  e.nth = 1;

-- statistics of last_events
ANALYZE last_events;

-- find names to be repaired
SELECT
  s.raw_text
FROM (
  SELECT
    t.raw_text
  FROM (
    SELECT
      p.artist AS raw_text
    FROM played AS p
    UNION
    SELECT
      p.song AS raw_text
    FROM played AS p
    UNION
    SELECT
      s.title AS raw_text
    FROM staging_songs AS s
    UNION
    SELECT
      s.artist_name AS raw_text
    FROM staging_songs AS s
    UNION
    SELECT
      s.artist_location AS raw_text
    FROM staging_songs AS s
    UNION
    SELECT
      e."firstName" AS raw_text
    FROM last_events AS e
    UNION
    SELECT
      e."lastName" AS raw_text
    FROM last_events AS e
  ) AS t
  WHERE
    (
      t.raw_text LIKE '%Ã%' OR t.raw_text LIKE '%Â%'
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM etl_repairs AS r
      WHERE
        r.raw_text = t.raw_text
    )
) AS s;

-- repair the catalogue
CREATE TEMPORARY TABLE repaired_songs AS
SELECT
  s.num_songs,
  CASE
    WHEN s.artist_id LIKE '% '
    THEN TRIM(TRAILING ' ' FROM s.artist_id)
    ELSE s.artist_id
  END AS artist_id,
  CASE
    WHEN s.artist_latitude = 0
    THEN CAST(0 AS DOUBLE PRECISION)
    ELSE s.artist_latitude
  END AS artist_latitude,
  CASE
    WHEN s.artist_longitude = 0
    THEN CAST(0 AS DOUBLE PRECISION)
    ELSE s.artist_longitude
  END AS artist_longitude,
  COALESCE(l.repaired_text, s.artist_location) AS artist_location,
  COALESCE(a.repaired_text, s.artist_name) AS artist_name,
  CASE
    WHEN s.song_id LIKE '% '
    THEN TRIM(TRAILING ' ' FROM s.song_id)
    ELSE s.song_id
  END AS song_id,
  COALESCE(t.repaired_text, s.title) AS title,
  CASE WHEN s.duration = 0 THEN CAST(0 AS DOUBLE PRECISION) ELSE s.duration END AS duration,
  s.year
FROM staging_songs AS s
LEFT JOIN etl_repairs AS l
  ON l.raw_text = s.artist_location
LEFT JOIN etl_repairs AS a
  ON a.raw_text = s.artist_name
LEFT JOIN etl_repairs AS t
  ON t.raw_text = s.title;

-- statistics of repaired_songs
ANALYZE repaired_songs;

-- first record of each song
CREATE TEMPORARY TABLE catalogue AS
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
      ORDER BY s.title COLLATE "C" ASC, s.artist_id COLLATE "C" ASC, s.artist_name COLLATE "C" ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, s.artist_location COLLATE "C" ASC, s.song_id COLLATE "C" ASC, s.duration ASC, s.year ASC
    ) AS nth
  FROM repaired_songs AS s
) AS f
WHERE
  f.nth = 1;

-- statistics of catalogue
ANALYZE catalogue;

-- find the song of each play
INSERT INTO etl_matches (
  artist,
  song,
  length,
  plays,
  song_id,
  artist_id,
  song_inferred,
  artist_inferred,
  is_kept
)
SELECT
  w.artist,
  w.song,
  w.length,
  w.plays,
  CASE
    WHEN NOT w.found_song_id IS NULL
    THEN w.found_song_id
    WHEN 'infer' = 'infer'
    THEN 'SOX' || UPPER(SUBSTRING(MD5(w.artist_name || CHR(  31) || w.title) FROM 1 FOR 15))
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
      END ASC, s.song_id COLLATE "C" ASC
    ) AS nth
  FROM (
    SELECT
      d.artist,
      d.song,
      d.length,
      d.plays,
      COALESCE(r.repaired_text, d.artist) AS artist_name,
      COALESCE(t.repaired_text, d.song) AS title
    FROM played AS d
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
      MIN(s.artist_id COLLATE "C") AS artist_id
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

-- statistics of etl_matches
ANALYZE etl_matches;

-- fill artists
INSERT INTO artists (
  artist_id,
  name,
  location,
  latitude,
  longitude,
  inferred
)
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
      ORDER BY LENGTH(s.artist_name), s.title COLLATE "C" ASC, s.artist_id COLLATE "C" ASC, s.artist_name COLLATE "C" ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, s.artist_location COLLATE "C" ASC, s.song_id COLLATE "C" ASC, s.duration ASC, s.year ASC
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
      END, s.title COLLATE "C" ASC, s.artist_id COLLATE "C" ASC, s.artist_name COLLATE "C" ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, s.artist_location COLLATE "C" ASC, s.song_id COLLATE "C" ASC, s.duration ASC, s.year ASC
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
FROM (
  SELECT
    m.artist_id,
    MIN(COALESCE(r.repaired_text, m.artist) COLLATE "C") AS name,
    CAST(NULL AS TEXT) AS location,
    CAST(NULL AS DOUBLE PRECISION) AS latitude,
    CAST(NULL AS DOUBLE PRECISION) AS longitude,
    TRUE AS inferred
  FROM etl_matches AS m
  LEFT JOIN etl_repairs AS r
    ON r.raw_text = m.artist
  LEFT JOIN repaired_songs AS k
    ON k.artist_id = m.artist_id
  WHERE
    m.artist_inferred AND k.artist_id IS NULL
  GROUP BY
    m.artist_id
) AS i;

-- statistics of artists
ANALYZE artists;

-- fill songs
INSERT INTO songs (
  song_id,
  title,
  artist_id,
  year,
  duration,
  inferred
)
SELECT
  c.song_id,
  c.title,
  c.artist_id,
  NULLIF(c.year, 0) AS year,
  c.duration,
  FALSE AS inferred
FROM catalogue AS c
UNION ALL
SELECT
  i.song_id,
  i.title,
  i.artist_id,
  i.year,
  i.duration,
  i.inferred
FROM (
  SELECT
    m.song_id,
    MIN(COALESCE(r.repaired_text, m.song) COLLATE "C") AS title,
    MIN(m.artist_id COLLATE "C") AS artist_id,
    CAST(NULL AS INT) AS year,
    MIN(m.length) AS duration,
    TRUE AS inferred
  FROM etl_matches AS m
  LEFT JOIN etl_repairs AS r
    ON r.raw_text = m.song
  LEFT JOIN catalogue AS k
    ON k.song_id = m.song_id
  WHERE
    m.song_inferred AND k.song_id IS NULL
  GROUP BY
    m.song_id
) AS i;

-- statistics of songs
ANALYZE songs;

-- fill users
INSERT INTO users (
  user_id,
  first_name,
  last_name,
  gender,
  level,
  last_seen_at
)
SELECT
  e."userId" AS user_id,
  COALESCE(f.repaired_text, e."firstName") AS first_name,
  COALESCE(l.repaired_text, e."lastName") AS last_name,
  e.gender,
  CASE WHEN e.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM e.level) ELSE e.level END AS level,
  (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + e.ts / 1000 * INTERVAL '1 SECOND' + e.ts % 1000 * INTERVAL '1 MILLISECOND'
  ) AS last_seen_at
FROM last_events AS e
LEFT JOIN etl_repairs AS f
  ON f.raw_text = e."firstName"
LEFT JOIN etl_repairs AS l
  ON l.raw_text = e."lastName";

-- statistics of users
ANALYZE users;

-- fill users_history
INSERT INTO users_history (
  user_id,
  level,
  valid_from,
  valid_to,
  current
)
SELECT
  c."userId" AS user_id,
  c.level,
  (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + c.ts / 1000 * INTERVAL '1 SECOND' + c.ts % 1000 * INTERVAL '1 MILLISECOND'
  ) AS valid_from,
  (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + c.next_ts / 1000 * INTERVAL '1 SECOND' + c.next_ts % 1000 * INTERVAL '1 MILLISECOND'
  ) AS valid_to,
  c.next_ts IS NULL AS current
FROM (
  SELECT
    n."userId",
    n.level,
    n.ts,
    LEAD(n.ts) OVER (PARTITION BY n."userId" ORDER BY n.ts) AS next_ts
  FROM (
    SELECT
      s."userId",
      s.ts,
      s.level,
      LAG(s.level) OVER (PARTITION BY s."userId" ORDER BY s.ts) AS level_before
    FROM (
      SELECT
        d."userId",
        d.ts,
        d.level
      FROM level_days AS d
      WHERE
        d.level = d.last_level
      UNION ALL
      SELECT
        m."userId",
        m.ts,
        m.level
      FROM level_moments AS m
      WHERE
        m.level = m.last_level
      UNION ALL
      SELECT
        e."userId",
        e.ts,
        CASE WHEN e.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM e.level) ELSE e.level END AS level
      FROM (
        SELECT
          u."userId",
          u.ts,
          u.level,
          ROW_NUMBER() OVER (
            PARTITION BY u."userId", u.ts
            ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, u.page COLLATE "C" DESC, u.level COLLATE "C" DESC, u.auth COLLATE "C" DESC, u.method COLLATE "C" DESC, u.status DESC, u."firstName" COLLATE "C" DESC, u."lastName" COLLATE "C" DESC, u.gender COLLATE "C" DESC, u.location COLLATE "C" DESC, u."userAgent" COLLATE "C" DESC, u.registration DESC, u.artist COLLATE "C" DESC, u.song COLLATE "C" DESC, u.length DESC
          ) AS nth
        FROM staging_events AS u
        JOIN level_moments AS m
          ON m."userId" = u."userId" AND m.ts = u.ts
        WHERE
          m.level <> m.last_level
      ) AS e
      WHERE
        e.nth = 1
    ) AS s
  ) AS n
  WHERE
    n.level_before IS NULL OR n.level_before <> n.level
) AS c;

-- statistics of users_history
ANALYZE users_history;

-- fill songplays
INSERT INTO songplays (
  songplay_id,
  start_time,
  user_id,
  level,
  song_id,
  artist_id,
  session_id,
  location,
  user_agent
)
SELECT
  CAST(p.ts AS TEXT) || '-' || CAST(p."userId" AS TEXT) || '-' || CAST(p."sessionId" AS TEXT) || '-' || CAST(p."itemInSession" AS TEXT) AS songplay_id,
  (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + p.ts / 1000 * INTERVAL '1 SECOND' + p.ts % 1000 * INTERVAL '1 MILLISECOND'
  ) AS start_time,
  p."userId" AS user_id,
  CASE WHEN p.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.level) ELSE p.level END AS level,
  m.song_id,
  m.artist_id,
  p."sessionId" AS session_id,
  CASE
    WHEN p.location <> ''
    AND (
      p.location NOT LIKE ' %' OR TRIM(TRAILING ' ' FROM p.location) <> ''
    )
    THEN p.location
  END AS location,
  p."userAgent" AS user_agent
FROM (
  SELECT
    p."userId",
    p."sessionId",
    p."itemInSession",
    p.ts,
    p.level,
    p.location,
    p."userAgent",
    p.artist,
    p.song,
    p.length
  FROM (
    SELECT
      p.*
    FROM staging_events AS p
    WHERE
      (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
  ) AS p
  WHERE
    NOT p.ts IN (
      SELECT
        d.ts
      FROM duplicated AS d
    )
  UNION ALL
  SELECT
    w."userId",
    w."sessionId",
    w."itemInSession",
    w.ts,
    w.level,
    w.location,
    w."userAgent",
    w.artist,
    w.song,
    w.length
  FROM deduplicated_plays AS w
) AS p
JOIN etl_matches AS m
  ON (
    m.artist = CASE WHEN p.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.artist) ELSE p.artist END
    AND m.song = CASE WHEN p.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.song) ELSE p.song END
    AND COALESCE(m.length, 0) = COALESCE(p.length, 0)
    AND (
      m.length IS NULL
    ) = (
      p.length IS NULL
    )
  )
WHERE
  m.is_kept;

-- statistics of songplays
ANALYZE songplays;

-- fill time
INSERT INTO "time" (
  start_time,
  hour,
  day,
  week,
  month,
  year,
  weekday
)
SELECT
  t.start_time,
  CAST(DATE_PART('hour', t.start_time) AS INT) AS hour,
  CAST(DATE_PART('day', t.start_time) AS INT) AS day,
  CAST(DATE_PART('week', t.start_time) AS INT) AS week,
  CAST(DATE_PART('month', t.start_time) AS INT) AS month,
  CAST(DATE_PART('year', t.start_time) AS INT) AS year,
  CAST(DATE_PART('dow', t.start_time) AS INT) AS weekday
FROM (
  SELECT DISTINCT
    s.start_time
  FROM songplays AS s
) AS t;

-- statistics of time
ANALYZE "time";

-- declare the keys of artists
ALTER TABLE artists ADD CONSTRAINT artists_pkey PRIMARY KEY (artist_id);

-- declare the keys of songs
ALTER TABLE songs ADD CONSTRAINT songs_pkey PRIMARY KEY (song_id);

-- declare the keys of songs
ALTER TABLE songs ADD CONSTRAINT songs_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES artists (artist_id) DEFERRABLE INITIALLY DEFERRED;

-- declare the keys of songs
CREATE INDEX songs_artist_id_idx ON songs (artist_id);

-- declare the keys of users
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (user_id);

-- declare the keys of users_history
ALTER TABLE users_history ADD CONSTRAINT users_history_pkey PRIMARY KEY (user_id, valid_from);

-- declare the keys of users_history
ALTER TABLE users_history ADD CONSTRAINT users_history_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) DEFERRABLE INITIALLY DEFERRED;

-- declare the keys of users_history
CREATE INDEX users_history_user_id_idx ON users_history (user_id);

-- declare the keys of time
ALTER TABLE "time" ADD CONSTRAINT time_pkey PRIMARY KEY (start_time);

-- declare the keys of songplays
ALTER TABLE songplays ADD CONSTRAINT songplays_pkey PRIMARY KEY (songplay_id);

-- declare the keys of songplays
ALTER TABLE songplays ADD CONSTRAINT songplays_start_time_fkey FOREIGN KEY (start_time) REFERENCES "time" (start_time) DEFERRABLE INITIALLY DEFERRED;

-- declare the keys of songplays
CREATE INDEX songplays_start_time_idx ON songplays (start_time);

-- declare the keys of songplays
ALTER TABLE songplays ADD CONSTRAINT songplays_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) DEFERRABLE INITIALLY DEFERRED;

-- declare the keys of songplays
CREATE INDEX songplays_user_id_idx ON songplays (user_id);

-- declare the keys of songplays
ALTER TABLE songplays ADD CONSTRAINT songplays_song_id_fkey FOREIGN KEY (song_id) REFERENCES songs (song_id) DEFERRABLE INITIALLY DEFERRED;

-- declare the keys of songplays
CREATE INDEX songplays_song_id_idx ON songplays (song_id);

-- declare the keys of songplays
ALTER TABLE songplays ADD CONSTRAINT songplays_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES artists (artist_id) DEFERRABLE INITIALLY DEFERRED;

-- declare the keys of songplays
CREATE INDEX songplays_artist_id_idx ON songplays (artist_id);
