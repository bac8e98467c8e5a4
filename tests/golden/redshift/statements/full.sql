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
      ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, CAST(p.page AS VARBYTE(65535)) ASC, CAST(p.level AS VARBYTE(65535)) ASC, CAST(p.auth AS VARBYTE(65535)) ASC, CAST(p.method AS VARBYTE(65535)) ASC, p.status ASC, CAST(p."firstName" AS VARBYTE(65535)) ASC, CAST(p."lastName" AS VARBYTE(65535)) ASC, CAST(p.gender AS VARBYTE(65535)) ASC, CAST(p.location AS VARBYTE(65535)) ASC, CAST(p."userAgent" AS VARBYTE(65535)) ASC, p.registration ASC, CAST(p.artist AS VARBYTE(65535)) ASC, CAST(p.song AS VARBYTE(65535)) ASC, p.length ASC
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

-- levels by user and day
CREATE TEMPORARY TABLE level_days AS
SELECT
  u."userId",
  u.ts - u.ts % 86400000 AS day,
  MIN(u.ts) AS ts,
  MAX(u.ts) AS last_ts,
  MIN(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END
  ) AS level,
  MAX(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END
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

-- levels by user and millisecond, on days with two
CREATE TEMPORARY TABLE level_moments AS
SELECT
  u."userId",
  u.ts,
  MIN(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END
  ) AS level,
  MAX(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END
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

-- last time of each user
CREATE TEMPORARY TABLE last_times AS
SELECT
  l."userId",
  MAX(l.last_ts) AS ts
FROM level_days AS l
GROUP BY
  l."userId";

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
      ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, CAST(u.page AS VARBYTE(65535)) DESC, CAST(u.level AS VARBYTE(65535)) DESC, CAST(u.auth AS VARBYTE(65535)) DESC, CAST(u.method AS VARBYTE(65535)) DESC, u.status DESC, CAST(u."firstName" AS VARBYTE(65535)) DESC, CAST(u."lastName" AS VARBYTE(65535)) DESC, CAST(u.gender AS VARBYTE(65535)) DESC, CAST(u.location AS VARBYTE(65535)) DESC, CAST(u."userAgent" AS VARBYTE(65535)) DESC, u.registration DESC, CAST(u.artist AS VARBYTE(65535)) DESC, CAST(u.song AS VARBYTE(65535)) DESC, u.length DESC
    ) AS nth
  FROM staging_events AS u
  JOIN last_times AS l
    ON l."userId" = u."userId" AND l.ts = u.ts
) AS e
WHERE
  e.nth = 1;

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
      ORDER BY CAST(s.title AS VARBYTE(65535)) ASC, CAST(s.artist_id AS VARBYTE(65535)) ASC, CAST(s.artist_name AS VARBYTE(65535)) ASC, s.num_songs ASC, s.artist_latitude ASC, s.artist_longitude ASC, CAST(s.artist_location AS VARBYTE(65535)) ASC, CAST(s.song_id AS VARBYTE(65535)) ASC, s.duration ASC, s.year ASC
    ) AS nth
  FROM repaired_songs AS s
) AS f
WHERE
  f.nth = 1;

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

-- songs whose id is worked out here: their artist and title together are longer than the engine's texts may be
SELECT
  u.artist,
  u.song,
  u.artist_name,
  u.title
FROM (
  SELECT
    m.artist,
    m.song,
    COALESCE(r.repaired_text, m.artist) AS artist_name,
    COALESCE(t.repaired_text, m.song) AS title
  FROM etl_matches AS m
  LEFT JOIN etl_repairs AS r
    ON r.raw_text = m.artist
  LEFT JOIN etl_repairs AS t
    ON t.raw_text = m.song
  WHERE
    m.song_inferred AND m.song_id IS NULL
) AS u;

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
FROM (
  SELECT
    m.artist_id,
    MIN(COALESCE(r.repaired_text, m.artist)) AS name,
    CAST(NULL AS VARCHAR(MAX)) AS location,
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
    MIN(COALESCE(r.repaired_text, m.song)) AS title,
    MIN(m.artist_id) AS artist_id,
    CAST(NULL AS INTEGER) AS year,
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
  DATEADD(
    MILLISECOND,
    CAST(e.ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(e.ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
  ) AS last_seen_at
FROM last_events AS e
LEFT JOIN etl_repairs AS f
  ON f.raw_text = e."firstName"
LEFT JOIN etl_repairs AS l
  ON l.raw_text = e."lastName";

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
  DATEADD(
    MILLISECOND,
    CAST(c.ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(c.ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
  ) AS valid_from,
  DATEADD(
    MILLISECOND,
    CAST(c.next_ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(c.next_ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
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
            ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, CAST(u.page AS VARBYTE(65535)) DESC, CAST(u.level AS VARBYTE(65535)) DESC, CAST(u.auth AS VARBYTE(65535)) DESC, CAST(u.method AS VARBYTE(65535)) DESC, u.status DESC, CAST(u."firstName" AS VARBYTE(65535)) DESC, CAST(u."lastName" AS VARBYTE(65535)) DESC, CAST(u.gender AS VARBYTE(65535)) DESC, CAST(u.location AS VARBYTE(65535)) DESC, CAST(u."userAgent" AS VARBYTE(65535)) DESC, u.registration DESC, CAST(u.artist AS VARBYTE(65535)) DESC, CAST(u.song AS VARBYTE(65535)) DESC, u.length DESC
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
  CAST(p.ts AS VARCHAR(MAX)) || '-' || CAST(p."userId" AS VARCHAR(MAX)) || '-' || CAST(p."sessionId" AS VARCHAR(MAX)) || '-' || CAST(p."itemInSession" AS VARCHAR(MAX)) AS songplay_id,
  DATEADD(
    MILLISECOND,
    CAST(p.ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(p.ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
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
  CAST(DATE_PART('hour', t.start_time) AS INTEGER) AS hour,
  CAST(DATE_PART('day', t.start_time) AS INTEGER) AS day,
  CAST(DATE_PART('week', t.start_time) AS INTEGER) AS week,
  CAST(DATE_PART('month', t.start_time) AS INTEGER) AS month,
  CAST(DATE_PART('year', t.start_time) AS INTEGER) AS year,
  CAST(DATE_PART('dow', t.start_time) AS INTEGER) AS weekday
FROM (
  SELECT DISTINCT
    s.start_time
  FROM songplays AS s
) AS t;
