-- index of staging_events up to date
SELECT brin_summarize_new_values(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = 'staging_events_span_idx' AND n.nspname = current_schema() AND pg_has_role(c.relowner, 'USAGE');

-- statistics of staging_events
ANALYZE staging_events;

-- index of staging_songs up to date
SELECT brin_summarize_new_values(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = 'staging_songs_span_idx' AND n.nspname = current_schema() AND pg_has_role(c.relowner, 'USAGE');

-- statistics of staging_songs
ANALYZE staging_songs;

-- the days in which rows come or go
CREATE TEMPORARY TABLE span_days AS
SELECT DISTINCT
  e.ts - e.ts % 86400000 AS day
FROM (
  SELECT
    e.*
  FROM staging_events AS e
  WHERE
    e.file_id >= :first_new
  UNION ALL
  SELECT
    e.*
  FROM staging_events AS e
  WHERE
    e.file_id IN (
      SELECT
        g.file_id
      FROM gone_files AS g
    )
) AS e;

-- statistics of span_days
ANALYZE span_days;

-- read staging in these days
SELECT
  d.day
FROM span_days AS d;

-- plays in new or gone files
CREATE TEMPORARY TABLE chunk_plays AS
SELECT
  c.ts,
  c."userId",
  c."sessionId",
  c."itemInSession",
  CAST(SUM(CASE WHEN c.file_id >= :first_new THEN 1 ELSE 0 END) AS BIGINT) AS rows_new,
  CAST(SUM(CASE WHEN c.file_id >= :first_new THEN 0 ELSE 1 END) AS BIGINT) AS rows_gone
FROM (
  SELECT
    e.*
  FROM staging_events AS e
  WHERE
    e.file_id >= :first_new
  UNION ALL
  SELECT
    e.*
  FROM staging_events AS e
  WHERE
    e.file_id IN (
      SELECT
        g.file_id
      FROM gone_files AS g
    )
) AS c
WHERE
  (
    c.page = 'NextSong'
    OR (
      c.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM c.page) = 'NextSong'
    )
  )
GROUP BY
  c.ts,
  c."userId",
  c."sessionId",
  c."itemInSession";

-- statistics of chunk_plays
ANALYZE chunk_plays;

-- how many rows each has before and after
CREATE TEMPORARY TABLE affected_plays AS
SELECT
  c.ts,
  c."userId",
  c."sessionId",
  c."itemInSession",
  c.rows_gone + COALESCE(o.copies, 0) AS rows_before,
  c.rows_new + COALESCE(o.copies, 0) AS rows_after
FROM chunk_plays AS c
LEFT JOIN (
  SELECT
    p.ts,
    p."userId",
    p."sessionId",
    p."itemInSession",
    COUNT(*) AS copies
  FROM (
    SELECT
      e.*
    FROM staging_events AS e
    WHERE
      e.file_id < :first_new
      AND NOT e.file_id IN (
        SELECT
          g.file_id
        FROM gone_files AS g
      )
  ) AS p
  JOIN chunk_plays AS t
    ON (
      t.ts = p.ts
      AND t."userId" = p."userId"
      AND t."sessionId" = p."sessionId"
      AND t."itemInSession" = p."itemInSession"
    )
  WHERE
    IN_SPAN(p.ts)
    AND (
      p.page = 'NextSong'
      OR (
        p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
      )
    )
  GROUP BY
    p.ts,
    p."userId",
    p."sessionId",
    p."itemInSession"
) AS o
  ON (
    o.ts = c.ts
    AND o."userId" = c."userId"
    AND o."sessionId" = c."sessionId"
    AND o."itemInSession" = c."itemInSession"
  );

-- statistics of affected_plays
ANALYZE affected_plays;

-- those that were there before
CREATE TEMPORARY TABLE known_plays AS
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  p.rows_before,
  p.rows_after
FROM affected_plays AS p
WHERE
  p.rows_before > 0;

-- statistics of known_plays
ANALYZE known_plays;

-- users and days in which rows come or go
CREATE TEMPORARY TABLE user_days AS
SELECT DISTINCT
  e."userId",
  e.ts - e.ts % 86400000 AS day
FROM (
  SELECT
    e.*
  FROM staging_events AS e
  WHERE
    e.file_id >= :first_new
  UNION ALL
  SELECT
    e.*
  FROM staging_events AS e
  WHERE
    e.file_id IN (
      SELECT
        g.file_id
      FROM gone_files AS g
    )
) AS e
WHERE
  NOT e."userId" IS NULL;

-- statistics of user_days
ANALYZE user_days;

-- users of new or gone files
CREATE TEMPORARY TABLE affected_users AS
SELECT DISTINCT
  d."userId"
FROM user_days AS d;

-- statistics of affected_users
ANALYZE affected_users;

-- what affected plays played before
CREATE TEMPORARY TABLE played_before AS
SELECT
  m.artist,
  m.song,
  m.length,
  m.plays
FROM etl_matches AS m
WHERE
  1 = 0;

-- statistics of played_before
ANALYZE played_before;

-- their duplicates before
CREATE TEMPORARY TABLE duplicated_before AS
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession"
FROM known_plays AS p
WHERE
  p.rows_before > 1;

-- statistics of duplicated_before
ANALYZE duplicated_before;

-- the first of their duplicates before
CREATE TEMPORARY TABLE deduplicated_before AS
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
    FROM (
      SELECT
        e.*
      FROM staging_events AS e
      WHERE
        e.file_id < :first_new
    ) AS p
    JOIN known_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
    WHERE
      IN_SPAN(p.ts)
      AND (
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
      FROM duplicated_before AS d
    )
) AS f
WHERE
  f.nth = 1;

-- statistics of deduplicated_before
ANALYZE deduplicated_before;

-- count what they played before
INSERT INTO played_before
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
    FROM (
      SELECT
        e.*
      FROM staging_events AS e
      WHERE
        e.file_id < :first_new
    ) AS p
    JOIN known_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
    WHERE
      IN_SPAN(p.ts)
      AND (
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
  FROM deduplicated_before AS w
) AS p
GROUP BY
  CASE WHEN p.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.artist) ELSE p.artist END,
  CASE WHEN p.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.song) ELSE p.song END,
  CASE WHEN p.length = 0 THEN CAST(0 AS DOUBLE PRECISION) ELSE p.length END;

-- remove gone files from staging_events
DELETE FROM staging_events
WHERE
  file_id IN (
    SELECT
      g.file_id
    FROM gone_files AS g
  );

-- remove gone files from staging_songs
DELETE FROM staging_songs
WHERE
  file_id IN (
    SELECT
      g.file_id
    FROM gone_files AS g
  );

-- their duplicates now
CREATE TEMPORARY TABLE duplicated AS
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession"
FROM affected_plays AS p
WHERE
  p.rows_after > 1;

-- statistics of duplicated
ANALYZE duplicated;

-- the first of their duplicates now
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
      p.file_id >= :first_new
      AND (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
    UNION ALL
    SELECT
      p.*
    FROM staging_events AS p
    JOIN known_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
    WHERE
      p.file_id < :first_new
      AND IN_SPAN(p.ts)
      AND (
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

-- count what they play now
CREATE TEMPORARY TABLE played_now AS
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
      p.file_id >= :first_new
      AND (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
    UNION ALL
    SELECT
      p.*
    FROM staging_events AS p
    JOIN known_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
    WHERE
      p.file_id < :first_new
      AND IN_SPAN(p.ts)
      AND (
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

-- statistics of played_now
ANALYZE played_now;

-- what is played more often than before, or less
CREATE TEMPORARY TABLE played_change AS
SELECT
  w.artist,
  w.song,
  w.length,
  CAST(SUM(w.plays) AS BIGINT) AS plays
FROM (
  SELECT
    b.artist,
    b.song,
    b.length,
    -b.plays AS plays
  FROM played_before AS b
  UNION ALL
  SELECT
    n.artist,
    n.song,
    n.length,
    n.plays
  FROM played_now AS n
) AS w
GROUP BY
  w.artist,
  w.song,
  w.length
HAVING
  SUM(w.plays) <> 0;

-- statistics of played_change
ANALYZE played_change;

-- what is played for the first time
CREATE TEMPORARY TABLE new_keys AS
SELECT
  c.artist,
  c.song,
  c.length,
  c.plays
FROM played_change AS c
LEFT JOIN etl_matches AS m
  ON (
    m.artist = c.artist
    AND m.song = c.song
    AND COALESCE(m.length, 0) = COALESCE(c.length, 0)
    AND (
      m.length IS NULL
    ) = (
      c.length IS NULL
    )
  )
WHERE
  m.artist IS NULL;

-- statistics of new_keys
ANALYZE new_keys;

-- count what was played before too
UPDATE etl_matches SET plays = etl_matches.plays + c.plays
FROM played_change AS c
WHERE
  (
    c.artist = etl_matches.artist
    AND c.song = etl_matches.song
    AND COALESCE(c.length, 0) = COALESCE(etl_matches.length, 0)
    AND (
      c.length IS NULL
    ) = (
      etl_matches.length IS NULL
    )
  );

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
  JOIN user_days AS d
    ON d."userId" = u."userId" AND d.day = u.ts - u.ts % 86400000
  WHERE
    IN_SPAN(u.ts)
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
  JOIN user_days AS d
    ON d."userId" = u."userId" AND d.day = u.ts - u.ts % 86400000
  WHERE
    IN_SPAN(u.ts)
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

-- days that are late for their user
CREATE TEMPORARY TABLE late_days AS
SELECT
  d."userId",
  d.day + 86400000 AS day_end
FROM user_days AS d
JOIN users AS u
  ON u.user_id = d."userId"
WHERE
  CAST(EXTRACT(EPOCH FROM u.last_seen_at) * 1000 AS BIGINT) >= d.day + 86400000;

-- statistics of late_days
ANALYZE late_days;

-- users whose history is not known from these days
CREATE TEMPORARY TABLE unsettled AS
SELECT
  a."userId"
FROM affected_users AS a
WHERE
  1 = 0;

-- statistics of unsettled
ANALYZE unsettled;

-- users who end a day on another level
INSERT INTO unsettled
SELECT DISTINCT
  d."userId"
FROM late_days AS d
LEFT JOIN (
  SELECT
    l."userId",
    l.day_end,
    s.level,
    ROW_NUMBER() OVER (PARTITION BY l."userId", l.day_end ORDER BY s.ts DESC NULLS LAST) AS nth
  FROM late_days AS l
  JOIN (
    SELECT
      s."userId",
      s.ts,
      s.level
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
        FROM (
          SELECT
            e.*
          FROM staging_events AS e
          WHERE
            IN_SPAN(e.ts)
        ) AS u
        JOIN level_moments AS m
          ON m."userId" = u."userId" AND m.ts = u.ts
        WHERE
          m.level <> m.last_level
      ) AS e
      WHERE
        e.nth = 1
    ) AS s
    UNION ALL
    SELECT
      k."userId",
      k.ts,
      k.level
    FROM (
      SELECT
        h.user_id AS "userId",
        CAST(EXTRACT(EPOCH FROM h.valid_from) * 1000 AS BIGINT) AS ts,
        h.level
      FROM users_history AS h
      JOIN affected_users AS a
        ON a."userId" = h.user_id
    ) AS k
    LEFT JOIN user_days AS d
      ON d."userId" = k."userId" AND d.day = k.ts - k.ts % 86400000
    LEFT JOIN unsettled AS n
      ON n."userId" = k."userId"
    WHERE
      d.day IS NULL AND n."userId" IS NULL
  ) AS s
    ON s."userId" = l."userId" AND s.ts < l.day_end
) AS n
  ON n."userId" = d."userId" AND n.day_end = d.day_end AND n.nth = 1
LEFT JOIN users_history AS h
  ON h.user_id = d."userId"
  AND CAST(EXTRACT(EPOCH FROM h.valid_from) * 1000 AS BIGINT) < d.day_end
  AND (
    h.valid_to IS NULL
    OR CAST(EXTRACT(EPOCH FROM h.valid_to) * 1000 AS BIGINT) >= d.day_end
  )
WHERE
  COALESCE(n.level, '') <> COALESCE(h.level, '');

-- users whose last event went
INSERT INTO unsettled
SELECT DISTINCT
  l."userId"
FROM (
  SELECT
    d."userId"
  FROM user_days AS d
  JOIN users AS u
    ON u.user_id = d."userId"
    AND d.day = CAST(EXTRACT(EPOCH FROM u.last_seen_at) * 1000 AS BIGINT) - CAST(EXTRACT(EPOCH FROM u.last_seen_at) * 1000 AS BIGINT) % 86400000
  LEFT JOIN (
    SELECT
      l."userId",
      MAX(l.day) AS day
    FROM level_days AS l
    GROUP BY
      l."userId"
  ) AS k
    ON k."userId" = d."userId"
  WHERE
    k.day IS NULL OR k.day < d.day
) AS l
WHERE
  NOT l."userId" IN (
    SELECT
      n."userId"
    FROM unsettled AS n
  );

-- forget the days of unsettled users
DELETE FROM level_days
WHERE
  "userId" IN (
    SELECT
      n."userId"
    FROM unsettled AS n
  );

-- forget their milliseconds
DELETE FROM level_moments
WHERE
  "userId" IN (
    SELECT
      n."userId"
    FROM unsettled AS n
  );

-- all days of unsettled users
INSERT INTO level_days
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
  JOIN unsettled AS n
    ON n."userId" = u."userId"
) AS u
GROUP BY
  u."userId",
  u.ts - u.ts % 86400000;

-- all their milliseconds with two levels
INSERT INTO level_moments
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
  JOIN unsettled AS n
    ON n."userId" = u."userId"
) AS u
JOIN level_days AS d
  ON d."userId" = u."userId" AND d.day = u.ts - u.ts % 86400000
WHERE
  d.level <> d.last_level
GROUP BY
  u."userId",
  u.ts;

-- the days in which they did anything
INSERT INTO span_days
SELECT DISTINCT
  l.day
FROM level_days AS l
WHERE
  NOT l.day IN (
    SELECT
      d.day
    FROM span_days AS d
  );

-- read staging in the days of unsettled users too
SELECT
  d.day
FROM span_days AS d;

-- last time of each user
CREATE TEMPORARY TABLE last_times AS
SELECT
  t."userId",
  t.ts
FROM (
  SELECT
    l."userId",
    MAX(l.last_ts) AS ts
  FROM level_days AS l
  GROUP BY
    l."userId"
) AS t
LEFT JOIN (
  SELECT
    u.user_id,
    CAST(EXTRACT(EPOCH FROM u.last_seen_at) * 1000 AS BIGINT) AS ts
  FROM users AS u
) AS k
  ON k.user_id = t."userId"
LEFT JOIN user_days AS d
  ON d."userId" = t."userId" AND d.day = k.ts - k.ts % 86400000
WHERE
  k.user_id IS NULL OR t.ts >= k.ts OR NOT d.day IS NULL;

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
  FROM (
    SELECT
      e.*
    FROM staging_events AS e
    WHERE
      IN_SPAN(e.ts)
  ) AS u
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
    FROM new_keys AS p
    UNION
    SELECT
      p.song AS raw_text
    FROM new_keys AS p
    UNION
    SELECT
      s.title AS raw_text
    FROM (
      SELECT
        s.*
      FROM staging_songs AS s
      WHERE
        s.file_id >= :first_new
    ) AS s
    UNION
    SELECT
      s.artist_name AS raw_text
    FROM (
      SELECT
        s.*
      FROM staging_songs AS s
      WHERE
        s.file_id >= :first_new
    ) AS s
    UNION
    SELECT
      s.artist_location AS raw_text
    FROM (
      SELECT
        s.*
      FROM staging_songs AS s
      WHERE
        s.file_id >= :first_new
    ) AS s
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

-- work out users
CREATE TEMPORARY TABLE new_users AS
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

-- statistics of new_users
ANALYZE new_users;

-- work out users_history
CREATE TEMPORARY TABLE new_history AS
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
        s."userId",
        s.ts,
        s.level
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
          FROM (
            SELECT
              e.*
            FROM staging_events AS e
            WHERE
              IN_SPAN(e.ts)
          ) AS u
          JOIN level_moments AS m
            ON m."userId" = u."userId" AND m.ts = u.ts
          WHERE
            m.level <> m.last_level
        ) AS e
        WHERE
          e.nth = 1
      ) AS s
      UNION ALL
      SELECT
        k."userId",
        k.ts,
        k.level
      FROM (
        SELECT
          h.user_id AS "userId",
          CAST(EXTRACT(EPOCH FROM h.valid_from) * 1000 AS BIGINT) AS ts,
          h.level
        FROM users_history AS h
        JOIN affected_users AS a
          ON a."userId" = h.user_id
      ) AS k
      LEFT JOIN user_days AS d
        ON d."userId" = k."userId" AND d.day = k.ts - k.ts % 86400000
      LEFT JOIN unsettled AS n
        ON n."userId" = k."userId"
      WHERE
        d.day IS NULL AND n."userId" IS NULL
    ) AS s
  ) AS n
  WHERE
    n.level_before IS NULL OR n.level_before <> n.level
) AS c;

-- statistics of new_history
ANALYZE new_history;

-- rows of users_history that change
CREATE TEMPORARY TABLE stale_history AS
SELECT
  h.user_id,
  h.level,
  h.valid_from,
  h.valid_to,
  h.current
FROM users_history AS h
JOIN affected_users AS a
  ON a."userId" = h.user_id
EXCEPT
SELECT
  n.user_id,
  n.level,
  n.valid_from,
  n.valid_to,
  n.current
FROM new_history AS n;

-- statistics of stale_history
ANALYZE stale_history;

-- remove these rows of users_history
DELETE FROM users_history
WHERE
  EXISTS(
    SELECT
      1
    FROM stale_history AS s
    WHERE
      s.user_id = users_history.user_id AND s.valid_from = users_history.valid_from
  );

-- users without events
CREATE TEMPORARY TABLE removed_users AS
SELECT
  n."userId" AS user_id
FROM unsettled AS n
WHERE
  NOT n."userId" IN (
    SELECT
      l."userId"
    FROM level_days AS l
  );

-- statistics of removed_users
ANALYZE removed_users;

-- remove users that go
DELETE FROM users
WHERE
  user_id IN (
    SELECT
      r.user_id
    FROM removed_users AS r
  );

-- update users
UPDATE users SET first_name = n.first_name, last_name = n.last_name, gender = n.gender, level = n.level, last_seen_at = n.last_seen_at
FROM new_users AS n
WHERE
  users.user_id = n.user_id;

-- add users
INSERT INTO users (
  user_id,
  first_name,
  last_name,
  gender,
  level,
  last_seen_at
)
SELECT
  n.user_id,
  n.first_name,
  n.last_name,
  n.gender,
  n.level,
  n.last_seen_at
FROM new_users AS n
WHERE
  NOT n.user_id IN (
    SELECT
      u.user_id
    FROM users AS u
  );

-- add to users_history
INSERT INTO users_history (
  user_id,
  level,
  valid_from,
  valid_to,
  current
)
SELECT
  n.user_id,
  n.level,
  n.valid_from,
  n.valid_to,
  n.current
FROM new_history AS n
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM users_history AS h
    WHERE
      h.user_id = n.user_id AND h.valid_from = n.valid_from
  );

-- songs of which plays come or go
CREATE TEMPORARY TABLE affected_songs AS
SELECT
  m.song_id
FROM etl_matches AS m
WHERE
  1 = 0;

-- statistics of affected_songs
ANALYZE affected_songs;

-- artists of which plays come or go
CREATE TEMPORARY TABLE affected_artists AS
SELECT
  m.artist_id
FROM etl_matches AS m
WHERE
  1 = 0;

-- statistics of affected_artists
ANALYZE affected_artists;

-- forget what is not played any more
DELETE FROM etl_matches
WHERE
  plays = 0;

-- what needs a song, now that the catalogue changes
CREATE TEMPORARY TABLE to_match AS
SELECT
  m.artist,
  m.song,
  m.length,
  m.plays
FROM etl_matches AS m
UNION ALL
SELECT
  n.artist,
  n.song,
  n.length,
  n.plays
FROM new_keys AS n;

-- statistics of to_match
ANALYZE to_match;

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
  w.length,
  COALESCE(w.song_id, '') <> COALESCE(m.song_id, '')
  OR COALESCE(w.artist_id, '') <> COALESCE(m.artist_id, '')
  OR w.is_kept <> m.is_kept AS moves
FROM etl_matches AS w
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
  )
WHERE
  COALESCE(w.song_id, '') <> COALESCE(m.song_id, '')
  OR COALESCE(w.artist_id, '') <> COALESCE(m.artist_id, '')
  OR w.song_inferred <> m.song_inferred
  OR w.artist_inferred <> m.artist_inferred
  OR w.is_kept <> m.is_kept;

-- statistics of rematched
ANALYZE rematched;

-- plays that move to it
CREATE TEMPORARY TABLE rematched_plays AS
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
    AND m.moves
) AS r
  ON (
    r.ts = p.ts
    AND r."userId" = p."userId"
    AND r."sessionId" = p."sessionId"
    AND r."itemInSession" = p."itemInSession"
  )
LEFT JOIN affected_plays AS t
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
  AND t.ts IS NULL
GROUP BY
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession";

-- statistics of rematched_plays
ANALYZE rematched_plays;

-- they are affected too
INSERT INTO affected_plays
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  p.rows_before,
  p.rows_after
FROM rematched_plays AS p;

-- and were there before
INSERT INTO known_plays
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession",
  p.rows_before,
  p.rows_after
FROM rematched_plays AS p;

-- the days in which they lie
INSERT INTO span_days
SELECT DISTINCT
  p.ts - p.ts % 86400000 AS day
FROM rematched_plays AS p
WHERE
  NOT p.ts - p.ts % 86400000 IN (
    SELECT
      d.day
    FROM span_days AS d
  );

-- read staging in the days of plays that move too
SELECT
  d.day
FROM span_days AS d;

-- duplicates of the chunk
DELETE FROM duplicated;

-- and theirs
INSERT INTO duplicated
SELECT
  p.ts,
  p."userId",
  p."sessionId",
  p."itemInSession"
FROM affected_plays AS p
WHERE
  p.rows_after > 1;

-- the first of the chunk's duplicates
DELETE FROM deduplicated_plays;

-- and of theirs
INSERT INTO deduplicated_plays
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
      p.file_id >= :first_new
      AND (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
    UNION ALL
    SELECT
      p.*
    FROM staging_events AS p
    JOIN known_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
    WHERE
      p.file_id < :first_new
      AND IN_SPAN(p.ts)
      AND (
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

-- forget what was another song
DELETE FROM etl_matches USING   rematched AS r
WHERE
  (
    r.artist = etl_matches.artist
    AND r.song = etl_matches.song
    AND COALESCE(r.length, 0) = COALESCE(etl_matches.length, 0)
    AND (
      r.length IS NULL
    ) = (
      etl_matches.length IS NULL
    )
  );

-- keep what was found
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
  m.artist,
  m.song,
  m.length,
  m.plays,
  m.song_id,
  m.artist_id,
  m.song_inferred,
  m.artist_inferred,
  m.is_kept
FROM matches AS m
LEFT JOIN etl_matches AS w
  ON (
    w.artist = m.artist
    AND w.song = m.song
    AND COALESCE(w.length, 0) = COALESCE(m.length, 0)
    AND (
      w.length IS NULL
    ) = (
      m.length IS NULL
    )
  )
WHERE
  w.artist IS NULL;

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

-- statistics of new_artists
ANALYZE new_artists;

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

-- statistics of new_songs
ANALYZE new_songs;

-- artists that go
CREATE TEMPORARY TABLE removed_artists AS
SELECT
  a.artist_id
FROM artists AS a
EXCEPT
SELECT
  n.artist_id
FROM new_artists AS n;

-- statistics of removed_artists
ANALYZE removed_artists;

-- songs that go
CREATE TEMPORARY TABLE removed_songs AS
SELECT
  s.song_id
FROM songs AS s
EXCEPT
SELECT
  n.song_id
FROM new_songs AS n;

-- statistics of removed_songs
ANALYZE removed_songs;

-- remove artists that differ
DELETE FROM artists
WHERE
  artist_id IN (
    SELECT
      d.artist_id
    FROM (
      SELECT
        a.artist_id,
        a.name AS name,
        a.location AS location,
        a.latitude,
        a.longitude,
        a.inferred
      FROM artists AS a
      EXCEPT
      SELECT
        n.artist_id,
        n.name AS name,
        n.location AS location,
        n.latitude,
        n.longitude,
        n.inferred
      FROM new_artists AS n
    ) AS d
  );

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
  n.name,
  n.location,
  n.latitude,
  n.longitude,
  n.inferred
FROM new_artists AS n
WHERE
  NOT n.artist_id IN (
    SELECT
      a.artist_id
    FROM artists AS a
  );

-- remove songs that differ
DELETE FROM songs
WHERE
  song_id IN (
    SELECT
      d.song_id
    FROM (
      SELECT
        s.song_id,
        s.title AS title,
        s.artist_id AS artist_id,
        s.year,
        s.duration,
        s.inferred
      FROM songs AS s
      EXCEPT
      SELECT
        n.song_id,
        n.title AS title,
        n.artist_id AS artist_id,
        n.year,
        n.duration,
        n.inferred
      FROM new_songs AS n
    ) AS d
  );

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
  n.song_id,
  n.title,
  n.artist_id,
  n.year,
  n.duration,
  n.inferred
FROM new_songs AS n
WHERE
  NOT n.song_id IN (
    SELECT
      s.song_id
    FROM songs AS s
  );

-- ids of affected plays
CREATE TEMPORARY TABLE affected_ids AS
SELECT
  CAST(p.ts AS TEXT) || '-' || CAST(p."userId" AS TEXT) || '-' || CAST(p."sessionId" AS TEXT) || '-' || CAST(p."itemInSession" AS TEXT) AS songplay_id
FROM affected_plays AS p;

-- statistics of affected_ids
ANALYZE affected_ids;

-- remove songplays that may change
DELETE FROM songplays
WHERE
  IN_SPAN_TIME(start_time)
  AND songplay_id IN (
    SELECT
      CAST(p.ts AS TEXT) || '-' || CAST(p."userId" AS TEXT) || '-' || CAST(p."sessionId" AS TEXT) || '-' || CAST(p."itemInSession" AS TEXT) AS songplay_id
    FROM known_plays AS p
  );

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
      p.file_id >= :first_new
      AND (
        p.page = 'NextSong'
        OR (
          p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
        )
      )
    UNION ALL
    SELECT
      p.*
    FROM staging_events AS p
    JOIN known_plays AS t
      ON (
        t.ts = p.ts
        AND t."userId" = p."userId"
        AND t."sessionId" = p."sessionId"
        AND t."itemInSession" = p."itemInSession"
      )
    WHERE
      p.file_id < :first_new
      AND IN_SPAN(p.ts)
      AND (
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

-- times of affected plays
CREATE TEMPORARY TABLE affected_times AS
SELECT DISTINCT
  (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + p.ts / 1000 * INTERVAL '1 SECOND' + p.ts % 1000 * INTERVAL '1 MILLISECOND'
  ) AS start_time
FROM affected_plays AS p;

-- statistics of affected_times
ANALYZE affected_times;

-- times without plays
CREATE TEMPORARY TABLE removed_time AS
SELECT
  t.start_time
FROM "time" AS t
WHERE
  1 = 0;

-- statistics of removed_time
ANALYZE removed_time;

-- times at which nothing is played any more
INSERT INTO removed_time
SELECT
  t.start_time
FROM affected_times AS t
EXCEPT
SELECT
  s.start_time
FROM (
  SELECT
    s.start_time
  FROM songplays AS s
  WHERE
    IN_SPAN_TIME(s.start_time)
    AND s.start_time IN (
      SELECT
        t.start_time
      FROM affected_times AS t
    )
) AS s;

-- remove times that go
DELETE FROM "time"
WHERE
  IN_SPAN_TIME(start_time)
  AND start_time IN (
    SELECT
      r.start_time
    FROM removed_time AS r
  );

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
  FROM (
    SELECT
      s.start_time
    FROM (
      SELECT
        s.start_time
      FROM songplays AS s
      WHERE
        IN_SPAN_TIME(s.start_time)
        AND s.start_time IN (
          SELECT
            t.start_time
          FROM affected_times AS t
        )
    ) AS s
    WHERE
      NOT EXISTS(
        SELECT
          1
        FROM "time" AS t
        WHERE
          IN_SPAN_TIME(t.start_time) AND t.start_time = s.start_time
      )
  ) AS s
) AS t;
