-- statistics of staging_events
ANALYZE staging_events;

-- statistics of staging_songs
ANALYZE staging_songs;

-- plays in new or gone files
CREATE TEMPORARY TABLE affected_plays AS
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  CAST(SUM(CASE WHEN p.file_id < :first_new THEN 1 ELSE 0 END) AS BIGINT) AS rows_before,
  CAST(SUM(CASE WHEN g.file_id IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS rows_after
FROM staging_events AS p
JOIN (
  SELECT DISTINCT
    t.ts,
    t."userId",
    t."sessionId",
    t."itemInSession"
  FROM staging_events AS t
  WHERE
    (
      t.page = 'NextSong'
      OR (
        t.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM t.page) = 'NextSong'
      )
    )
    AND (
      t.file_id >= :first_new
      OR t.file_id IN (
        SELECT
          g.file_id
        FROM gone_files AS g
      )
    )
) AS t
  ON (
    t.ts = p.ts
    AND t."userId" = p."userId"
    AND t."sessionId" = p."sessionId"
    AND t."itemInSession" = p."itemInSession"
  )
LEFT JOIN gone_files AS g
  ON g.file_id = p.file_id
WHERE
  (
    p.page = 'NextSong'
    OR (
      p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
    )
  )
GROUP BY
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession";

-- statistics of affected_plays
ANALYZE affected_plays;

-- users in new or gone files
CREATE TEMPORARY TABLE affected_users AS
SELECT DISTINCT
  e."userId" AS user_id
FROM staging_events AS e
WHERE
  NOT e."userId" IS NULL
  AND (
    e.file_id >= :first_new
    OR e.file_id IN (
      SELECT
        g.file_id
      FROM gone_files AS g
    )
  );

-- statistics of affected_users
ANALYZE affected_users;

-- their duplicates before
CREATE TEMPORARY TABLE duplicated_before AS
SELECT
  *
FROM affected_plays
WHERE
  rows_before > 1;

-- statistics of duplicated_before
ANALYZE duplicated_before;

-- the first of their duplicates
CREATE TEMPORARY TABLE deduplicated_plays_before AS
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
    p.*,
    ROW_NUMBER() OVER (
      PARTITION BY p.ts, p."userId", p."sessionId", p."itemInSession"
      ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, p.page COLLATE "C" ASC, p.level COLLATE "C" ASC, p.auth COLLATE "C" ASC, p.method COLLATE "C" ASC, p.status ASC, p."firstName" COLLATE "C" ASC, p."lastName" COLLATE "C" ASC, p.gender COLLATE "C" ASC, p.location COLLATE "C" ASC, p."userAgent" COLLATE "C" ASC, p.registration ASC, p.artist COLLATE "C" ASC, p.song COLLATE "C" ASC, p.length ASC
    ) AS nth
  FROM (
    SELECT
      p.*
    FROM staging_events AS p
    JOIN affected_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
    WHERE
      (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
      AND t.rows_before > 0
      AND p.file_id < :first_new
  ) AS p
  WHERE
    p.ts IN (
      SELECT
        d.ts
      FROM duplicated_before AS d
    )
) AS f
WHERE
  f.nth = 1;

-- statistics of deduplicated_plays_before
ANALYZE deduplicated_plays_before;

-- what they played before
CREATE TEMPORARY TABLE played_before AS
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
    JOIN affected_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
    WHERE
      (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
      AND t.rows_before > 0
      AND p.file_id < :first_new
  ) AS p
  WHERE
    NOT p.ts IN (
      SELECT
        d.ts
      FROM duplicated_before AS d
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
  FROM deduplicated_plays_before AS w
) AS p
GROUP BY
  CASE WHEN p.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.artist) ELSE p.artist END,
  CASE WHEN p.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.song) ELSE p.song END,
  CASE WHEN p.length = 0 THEN CAST(0 AS DOUBLE PRECISION) ELSE p.length END;

-- statistics of played_before
ANALYZE played_before;

-- remove gone files from staging_events
DELETE FROM staging_events
WHERE file_id IN (
SELECT
  file_id
FROM gone_files
);

-- remove gone files from staging_songs
DELETE FROM staging_songs
WHERE file_id IN (
SELECT
  file_id
FROM gone_files
);

-- last time of each user
CREATE TEMPORARY TABLE last_times AS
SELECT
  u."userId",
  MAX(u.ts) AS ts
FROM (
  SELECT
    e."userId",
    e.ts,
    e.level
  FROM staging_events AS e
  JOIN affected_users AS t
    ON t.user_id = e."userId"
) AS u
GROUP BY
  u."userId";

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
    u.*,
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

-- their duplicates now
CREATE TEMPORARY TABLE duplicated AS
SELECT
  *
FROM affected_plays
WHERE
  rows_after > 1;

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
    p.*,
    ROW_NUMBER() OVER (
      PARTITION BY p.ts, p."userId", p."sessionId", p."itemInSession"
      ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, p.page COLLATE "C" ASC, p.level COLLATE "C" ASC, p.auth COLLATE "C" ASC, p.method COLLATE "C" ASC, p.status ASC, p."firstName" COLLATE "C" ASC, p."lastName" COLLATE "C" ASC, p.gender COLLATE "C" ASC, p.location COLLATE "C" ASC, p."userAgent" COLLATE "C" ASC, p.registration ASC, p.artist COLLATE "C" ASC, p.song COLLATE "C" ASC, p.length ASC
    ) AS nth
  FROM (
    SELECT
      p.*
    FROM staging_events AS p
    JOIN affected_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
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

-- what they play now
CREATE TEMPORARY TABLE played_after AS
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
    JOIN affected_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
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

-- statistics of played_after
ANALYZE played_after;

-- count what was played
CREATE TEMPORARY TABLE played AS
SELECT
  w.artist,
  w.song,
  w.length,
  CAST(SUM(w.plays) AS BIGINT) AS plays
FROM (
  SELECT
    artist,
    song,
    length,
    plays
  FROM etl_matches
  UNION ALL
  SELECT
    artist,
    song,
    length,
    -plays
  FROM played_before
  UNION ALL
  SELECT
    artist,
    song,
    length,
    plays
  FROM played_after
) AS w
GROUP BY
  w.artist,
  w.song,
  w.length
HAVING
  SUM(w.plays) > 0;

-- statistics of played
ANALYZE played;

-- what is repaired
CREATE TEMPORARY TABLE repairs (raw_text VARCHAR, repaired_text VARCHAR);

-- find names to be repaired
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
  );

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
LEFT JOIN repairs AS l
  ON l.raw_text = s.artist_location
LEFT JOIN repairs AS a
  ON a.raw_text = s.artist_name
LEFT JOIN repairs AS t
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
    s.*,
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
CREATE TEMPORARY TABLE matches AS
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
    LEFT JOIN repairs AS r
      ON r.raw_text = d.artist
    LEFT JOIN repairs AS t
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

-- statistics of matches
ANALYZE matches;

-- what is another song now
CREATE TEMPORARY TABLE rematched AS
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

-- statistics of rematched
ANALYZE rematched;

-- their plays
INSERT INTO affected_plays
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  COUNT(*) AS rows_before,
  COUNT(*) AS rows_after
FROM staging_events AS p
JOIN (
  SELECT DISTINCT
    r.ts,
    r."userId",
    r."sessionId",
    r."itemInSession"
  FROM staging_events AS r
  JOIN rematched AS m
    ON (
      m.artist = CASE WHEN r.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM r.artist) ELSE r.artist END
      AND m.song = CASE WHEN r.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM r.song) ELSE r.song END
      AND COALESCE(m.length, 0) = COALESCE(r.length, 0)
      AND (
        m.length IS NULL
      ) = (
        r.length IS NULL
      )
    )
  WHERE
    (
      r.page = 'NextSong'
      OR (
        r.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM r.page) = 'NextSong'
      )
    )
) AS r
  ON (
    r.ts = p.ts
    AND r."userId" = p."userId"
    AND r."sessionId" = p."sessionId"
    AND r."itemInSession" = p."itemInSession"
  )
WHERE
  (
    p.page = 'NextSong'
    OR (
      p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
    )
  )
  AND NOT EXISTS(
    SELECT
      1
    FROM affected_plays AS t
    WHERE
      (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
  )
GROUP BY
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession";

-- their duplicates
INSERT INTO duplicated
SELECT
  t.*
FROM affected_plays AS t
WHERE
  t.rows_after > 1
  AND NOT EXISTS(
    SELECT
      1
    FROM duplicated AS p
    WHERE
      (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
  );

-- forget the deduplicated_plays
DROP TABLE deduplicated_plays;

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
    p.*,
    ROW_NUMBER() OVER (
      PARTITION BY p.ts, p."userId", p."sessionId", p."itemInSession"
      ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, p.page COLLATE "C" ASC, p.level COLLATE "C" ASC, p.auth COLLATE "C" ASC, p.method COLLATE "C" ASC, p.status ASC, p."firstName" COLLATE "C" ASC, p."lastName" COLLATE "C" ASC, p.gender COLLATE "C" ASC, p.location COLLATE "C" ASC, p."userAgent" COLLATE "C" ASC, p.registration ASC, p.artist COLLATE "C" ASC, p.song COLLATE "C" ASC, p.length ASC
    ) AS nth
  FROM (
    SELECT
      p.*
    FROM staging_events AS p
    JOIN affected_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
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

-- forget the old matches
DELETE FROM etl_matches;

-- keep the matches
INSERT INTO etl_matches (artist, song, length, plays, song_id, artist_id, song_inferred, artist_inferred, is_kept)
SELECT
  artist,
  song,
  length,
  plays,
  song_id,
  artist_id,
  song_inferred,
  artist_inferred,
  is_kept
FROM matches;

-- work out artists
CREATE TEMPORARY TABLE new_artists AS
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
  m.artist_id,
  MIN(COALESCE(r.repaired_text, m.artist) COLLATE "C") AS name,
  CAST(NULL AS TEXT) AS location,
  CAST(NULL AS DOUBLE PRECISION) AS latitude,
  CAST(NULL AS DOUBLE PRECISION) AS longitude,
  TRUE AS inferred
FROM etl_matches AS m
LEFT JOIN repairs AS r
  ON r.raw_text = m.artist
WHERE
  m.artist_inferred
  AND NOT EXISTS(
    SELECT
      1
    FROM repaired_songs AS k
    WHERE
      k.artist_id = m.artist_id
  )
GROUP BY
  m.artist_id;

-- statistics of new_artists
ANALYZE new_artists;

-- artists that go
CREATE TEMPORARY TABLE removed_artists AS
SELECT
  artist_id
FROM artists
EXCEPT
SELECT
  artist_id
FROM new_artists;

-- statistics of removed_artists
ANALYZE removed_artists;

-- remove artists that differ
DELETE FROM artists
WHERE artist_id IN (
SELECT
  d.artist_id
FROM (
  SELECT
    artist_id,
    name COLLATE "C" AS name,
    location COLLATE "C" AS location,
    latitude,
    longitude,
    inferred
  FROM artists
  EXCEPT
  SELECT
    artist_id,
    name COLLATE "C" AS name,
    location COLLATE "C" AS location,
    latitude,
    longitude,
    inferred
  FROM new_artists
) AS d
);

-- fill artists
INSERT INTO artists (artist_id, name, location, latitude, longitude, inferred)
SELECT
  artist_id,
  name,
  location,
  latitude,
  longitude,
  inferred
FROM new_artists
WHERE
  NOT artist_id IN (
    SELECT
      artist_id
    FROM artists
  );

-- work out songs
CREATE TEMPORARY TABLE new_songs AS
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
  m.song_id,
  MIN(COALESCE(r.repaired_text, m.song) COLLATE "C") AS title,
  MIN(m.artist_id COLLATE "C") AS artist_id,
  CAST(NULL AS INT) AS year,
  MIN(m.length) AS duration,
  TRUE AS inferred
FROM etl_matches AS m
LEFT JOIN repairs AS r
  ON r.raw_text = m.song
WHERE
  m.song_inferred
  AND NOT EXISTS(
    SELECT
      1
    FROM catalogue AS k
    WHERE
      k.song_id = m.song_id
  )
GROUP BY
  m.song_id;

-- statistics of new_songs
ANALYZE new_songs;

-- songs that go
CREATE TEMPORARY TABLE removed_songs AS
SELECT
  song_id
FROM songs
EXCEPT
SELECT
  song_id
FROM new_songs;

-- statistics of removed_songs
ANALYZE removed_songs;

-- remove songs that differ
DELETE FROM songs
WHERE song_id IN (
SELECT
  d.song_id
FROM (
  SELECT
    song_id,
    title COLLATE "C" AS title,
    artist_id COLLATE "C" AS artist_id,
    year,
    duration,
    inferred
  FROM songs
  EXCEPT
  SELECT
    song_id,
    title COLLATE "C" AS title,
    artist_id COLLATE "C" AS artist_id,
    year,
    duration,
    inferred
  FROM new_songs
) AS d
);

-- fill songs
INSERT INTO songs (song_id, title, artist_id, year, duration, inferred)
SELECT
  song_id,
  title,
  artist_id,
  year,
  duration,
  inferred
FROM new_songs
WHERE
  NOT song_id IN (
    SELECT
      song_id
    FROM songs
  );

-- remove touched users from users_history
DELETE FROM users_history
WHERE user_id IN (
SELECT
  user_id
FROM affected_users
);

-- remove touched users
DELETE FROM users
WHERE user_id IN (
SELECT
  user_id
FROM affected_users
);

-- fill users
INSERT INTO users (user_id, first_name, last_name, gender, level, last_seen_at)
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
LEFT JOIN repairs AS f
  ON f.raw_text = e."firstName"
LEFT JOIN repairs AS l
  ON l.raw_text = e."lastName";

-- levels by user and day
CREATE TEMPORARY TABLE level_days AS
SELECT
  u."userId",
  u.ts - u.ts % 86400000 AS day,
  MIN(u.ts) AS ts,
  MIN(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END COLLATE "C"
  ) AS level,
  MAX(
    CASE WHEN u.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM u.level) ELSE u.level END COLLATE "C"
  ) AS last_level
FROM (
  SELECT
    e."userId",
    e.ts,
    e.level
  FROM staging_events AS e
  JOIN affected_users AS t
    ON t.user_id = e."userId"
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
    e."userId",
    e.ts,
    e.level
  FROM staging_events AS e
  JOIN affected_users AS t
    ON t.user_id = e."userId"
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

-- fill users_history
INSERT INTO users_history (user_id, level, valid_from, valid_to, current)
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

-- users that go
CREATE TEMPORARY TABLE removed_users AS
SELECT
  t.user_id
FROM affected_users AS t
EXCEPT
SELECT
  l."userId"
FROM last_times AS l;

-- statistics of removed_users
ANALYZE removed_users;

-- their ids, where they were there before
CREATE TEMPORARY TABLE old_ids AS
SELECT
  CAST(t.ts AS TEXT) || '-' || CAST(t."userId" AS TEXT) || '-' || CAST(t."sessionId" AS TEXT) || '-' || CAST(t."itemInSession" AS TEXT) AS songplay_id
FROM affected_plays AS t
WHERE
  t.rows_before > 0;

-- statistics of old_ids
ANALYZE old_ids;

-- touched songplays as they were
CREATE TEMPORARY TABLE old_songplays AS
SELECT
  s.songplay_id,
  s.start_time
FROM songplays AS s
JOIN old_ids AS o
  ON o.songplay_id = s.songplay_id;

-- statistics of old_songplays
ANALYZE old_songplays;

-- touched songplays as they are
CREATE TEMPORARY TABLE affected_songplays AS
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
    JOIN affected_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
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

-- statistics of affected_songplays
ANALYZE affected_songplays;

-- remove old songplays
DELETE FROM songplays
WHERE songplay_id IN (
SELECT
  songplay_id
FROM old_songplays
);

-- fill songplays
INSERT INTO songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent)
SELECT
  songplay_id,
  start_time,
  user_id,
  level,
  song_id,
  artist_id,
  session_id,
  location,
  user_agent
FROM affected_songplays;

-- touched times
CREATE TEMPORARY TABLE affected_times AS
SELECT
  start_time
FROM old_songplays
UNION
SELECT
  start_time
FROM affected_songplays;

-- statistics of affected_times
ANALYZE affected_times;

-- remove touched times
DELETE FROM "time"
WHERE start_time IN (
SELECT
  start_time
FROM affected_times
);

-- fill time
INSERT INTO "time" (start_time, hour, day, week, month, year, weekday)
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
  FROM (
    SELECT
      start_time
    FROM songplays
    WHERE
      start_time IN (
        SELECT
          start_time
        FROM affected_times
      )
  ) AS s
) AS t;

-- times that go
CREATE TEMPORARY TABLE removed_time AS
SELECT
  start_time
FROM affected_times
EXCEPT
SELECT
  start_time
FROM "time"
WHERE
  start_time IN (
    SELECT
      start_time
    FROM affected_times
  );

-- statistics of removed_time
ANALYZE removed_time;
