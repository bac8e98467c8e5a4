-- count the bad rows of coordinates_in_range
SELECT
  COUNT(CASE WHEN ABS(a.latitude) > 90 OR ABS(a.longitude) > 180 THEN 1 END) AS bad_1
FROM artists AS a;

-- count the bad rows of artists_not_null
SELECT
  COUNT(CASE WHEN c.artist_id IS NULL OR c.name IS NULL OR c.inferred IS NULL THEN 1 END) AS bad_1
FROM artists AS c;

-- count the bad rows of songplays_not_null
SELECT
  COUNT(
    CASE
      WHEN c.songplay_id IS NULL
      OR c.start_time IS NULL
      OR c.user_id IS NULL
      OR c.level IS NULL
      OR c.session_id IS NULL
      THEN 1
    END
  ) AS bad_1
FROM songplays AS c;

-- count the bad rows of level_known, songplays_have_songs, start_time_past
SELECT
  COUNT(CASE WHEN NOT s.level IN ('free', 'paid') THEN 1 END) AS bad_1,
  COUNT(
    CASE
      WHEN 'infer' <> 'null' AND (
        s.song_id IS NULL OR s.artist_id IS NULL
      )
      THEN 1
    END
  ) AS bad_2,
  COUNT(
    CASE
      WHEN s.start_time > (
        CAST('1970-01-01 00:00:00' AS TIMESTAMP) + :now / 1000 * INTERVAL '1 SECOND' + :now % 1000 * INTERVAL '1 MILLISECOND'
      )
      THEN 1
    END
  ) AS bad_3
FROM songplays AS s;

-- count the bad rows of songs_not_null
SELECT
  COUNT(
    CASE
      WHEN c.song_id IS NULL OR c.title IS NULL OR c.artist_id IS NULL OR c.inferred IS NULL
      THEN 1
    END
  ) AS bad_1
FROM songs AS c;

-- count the bad rows of time_not_null
SELECT
  COUNT(
    CASE
      WHEN c.start_time IS NULL
      OR c.hour IS NULL
      OR c.day IS NULL
      OR c.week IS NULL
      OR c.month IS NULL
      OR c.year IS NULL
      OR c.weekday IS NULL
      THEN 1
    END
  ) AS bad_1
FROM time AS c;

-- count the bad rows of time_agrees
SELECT
  COUNT(
    CASE
      WHEN t.hour <> DATE_PART('hour', t.start_time)
      OR t.day <> DATE_PART('day', t.start_time)
      OR t.week <> DATE_PART('week', t.start_time)
      OR t.month <> DATE_PART('month', t.start_time)
      OR t.year <> DATE_PART('year', t.start_time)
      OR t.weekday <> DATE_PART('dow', t.start_time)
      THEN 1
    END
  ) AS bad_1
FROM time AS t;

-- count the bad rows of users_not_null
SELECT
  COUNT(
    CASE WHEN c.user_id IS NULL OR c.level IS NULL OR c.last_seen_at IS NULL THEN 1 END
  ) AS bad_1
FROM users AS c;

-- count the bad rows of gender_known, user_level_known
SELECT
  COUNT(CASE WHEN NOT u.gender IN ('F', 'M') THEN 1 END) AS bad_1,
  COUNT(CASE WHEN NOT u.level IN ('free', 'paid') THEN 1 END) AS bad_2
FROM users AS u;

-- count the bad rows of users_history_not_null
SELECT
  COUNT(
    CASE
      WHEN c.user_id IS NULL OR c.level IS NULL OR c.valid_from IS NULL OR c.current IS NULL
      THEN 1
    END
  ) AS bad_1
FROM users_history AS c;

-- blocking artists_key_unique: artist_id is unique in artists
SELECT
  c.artist_id,
  COUNT(*) AS copies
FROM artists AS c
GROUP BY
  c.artist_id
HAVING
  COUNT(*) > 1;

-- blocking artists_not_null: artist_id, name, inferred are there in artists
SELECT
  c.*
FROM artists AS c
WHERE
  c.artist_id IS NULL OR c.name IS NULL OR c.inferred IS NULL;

-- blocking files_accounted: records of a file = loaded + rejected, and its rows in staging = loaded + replayed
SELECT
  f.file_id,
  f.uri,
  f.records,
  f.loaded,
  f.rejected,
  f.replayed,
  c.in_staging,
  c.in_rejects
FROM (
  SELECT
    f.*
  FROM etl_files AS f
  WHERE
    f.file_id >= :first_new
) AS f
LEFT JOIN (
  SELECT
    r.file_id,
    SUM(r.in_staging) AS in_staging,
    SUM(r.in_rejects) AS in_rejects
  FROM (
    SELECT
      s.file_id,
      COUNT(*) AS in_staging,
      0 AS in_rejects
    FROM (
      SELECT
        e.file_id
      FROM staging_events AS e
      WHERE
        e.file_id >= :first_new
    ) AS s
    GROUP BY
      s.file_id
    UNION ALL
    SELECT
      s.file_id,
      COUNT(*) AS in_staging,
      0 AS in_rejects
    FROM (
      SELECT
        s.file_id
      FROM staging_songs AS s
      WHERE
        s.file_id >= :first_new
    ) AS s
    GROUP BY
      s.file_id
    UNION ALL
    SELECT
      s.file_id,
      0 AS in_staging,
      SUM(s.records) AS in_rejects
    FROM (
      SELECT
        r.file_id,
        r.records
      FROM etl_rejects AS r
      WHERE
        r.file_id >= :first_new
    ) AS s
    GROUP BY
      s.file_id
  ) AS r
  GROUP BY
    r.file_id
) AS c
  ON c.file_id = f.file_id
WHERE
  f.records <> f.loaded + f.rejected
  OR f.loaded + f.replayed <> COALESCE(c.in_staging, 0)
  OR (
    f.state = 'loaded' AND f.rejected <> COALESCE(c.in_rejects, 0)
  )
  OR f.rejected < COALESCE(c.in_rejects, 0);

-- blocking history_agrees: every user has one current level, that of users, and each earlier level ends where the next one begins
SELECT
  u.user_id,
  u.level,
  h.current_level,
  h.current_rows,
  h.wrong_rows
FROM users AS u
LEFT JOIN (
  SELECT
    r.user_id,
    MAX(CASE WHEN r.current THEN r.level END) AS current_level,
    SUM(CASE WHEN r.current THEN 1 ELSE 0 END) AS current_rows,
    SUM(r.wrong) AS wrong_rows
  FROM (
    SELECT
      s.user_id,
      s.level,
      s.current,
      CASE
        WHEN s.next_from IS NULL AND s.current AND s.valid_to IS NULL
        THEN 0
        WHEN s.next_from = s.valid_to AND s.next_level <> s.level AND NOT s.current
        THEN 0
        ELSE 1
      END AS wrong
    FROM (
      SELECT
        t.user_id,
        t.level,
        t.valid_to,
        t.current,
        LEAD(t.valid_from) OVER (PARTITION BY t.user_id ORDER BY t.valid_from) AS next_from,
        LEAD(t.level) OVER (PARTITION BY t.user_id ORDER BY t.valid_from) AS next_level
      FROM users_history AS t
    ) AS s
  ) AS r
  GROUP BY
    r.user_id
) AS h
  ON h.user_id = u.user_id
WHERE
  h.user_id IS NULL
  OR h.current_level <> u.level
  OR h.current_rows <> 1
  OR h.wrong_rows <> 0;

-- blocking matches_counted: etl_matches counts as many plays as songplays has rows
SELECT
  c.matched,
  c.songplays
FROM (
  SELECT
    (
      SELECT
        COALESCE(SUM(m.plays), 0)
      FROM etl_matches AS m
      WHERE
        m.is_kept
    ) AS matched,
    (
      SELECT
        COUNT(*)
      FROM songplays
    ) AS songplays
) AS c
WHERE
  c.matched <> c.songplays;

-- blocking offsets_accounted: offsets of a partition from the first to the next = loaded + rejected + tombstones + without a record + lost
SELECT
  o.topic,
  o.partition_no,
  o.first_offset,
  o.next_offset,
  f.loaded,
  f.rejected,
  o.tombstones,
  o.without_record,
  o.lost
FROM etl_offsets AS o
LEFT JOIN etl_files AS f
  ON f.file_id = o.file_id
WHERE
  o.next_offset - o.first_offset <> COALESCE(f.loaded, 0) + COALESCE(f.rejected, 0) + o.tombstones + o.without_record + o.lost;

-- blocking plays_accounted: every play of staging is in songplays, or a duplicate of one that is, or dropped by unknown_songs = drop
SELECT
  c.plays,
  c.songplays,
  c.duplicates,
  c.dropped
FROM (
  SELECT
    p.plays,
    p.duplicates,
    (
      SELECT
        COUNT(*)
      FROM songplays AS songplays_affected
    ) AS songplays,
    (
      SELECT
        COALESCE(SUM(d.plays), 0)
      FROM (
        SELECT
          m.plays
        FROM etl_matches AS m
        WHERE
          NOT m.is_kept
      ) AS d
    ) AS dropped
  FROM (
    SELECT
      a.plays,
      b.duplicates
    FROM (
      SELECT
        COUNT(*) AS plays
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
    ) AS a
    CROSS JOIN (
      SELECT
        COALESCE(SUM(d.copies - 1), 0) AS duplicates
      FROM (
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
          COUNT(*) > 1
      ) AS d
    ) AS b
  ) AS p
) AS c
WHERE
  c.plays <> c.songplays + c.duplicates + c.dropped;

-- blocking songplays_artist_id_resolved: every artist_id of songplays is in artists
SELECT
  c.songplay_id,
  c.artist_id
FROM songplays AS c
WHERE
  NOT c.artist_id IS NULL
  AND NOT EXISTS(
    SELECT
      1
    FROM artists AS r
    WHERE
      r.artist_id = c.artist_id
  );

-- blocking songplays_have_songs: every play has a song and an artist, unless unknown_songs = null
SELECT
  s.songplay_id,
  s.song_id,
  s.artist_id
FROM songplays AS s
WHERE
  'infer' <> 'null' AND (
    s.song_id IS NULL OR s.artist_id IS NULL
  );

-- blocking songplays_key_unique: songplay_id is unique in songplays
SELECT
  c.songplay_id,
  COUNT(*) AS copies
FROM songplays AS c
GROUP BY
  c.songplay_id
HAVING
  COUNT(*) > 1;

-- blocking songplays_not_null: songplay_id, start_time, user_id, level, session_id are there in songplays
SELECT
  c.*
FROM songplays AS c
WHERE
  c.songplay_id IS NULL
  OR c.start_time IS NULL
  OR c.user_id IS NULL
  OR c.level IS NULL
  OR c.session_id IS NULL;

-- blocking songplays_song_id_resolved: every song_id of songplays is in songs
SELECT
  c.songplay_id,
  c.song_id
FROM songplays AS c
WHERE
  NOT c.song_id IS NULL
  AND NOT EXISTS(
    SELECT
      1
    FROM songs AS r
    WHERE
      r.song_id = c.song_id
  );

-- blocking songplays_start_time_resolved: every start_time of songplays is in time
SELECT
  c.songplay_id,
  c.start_time
FROM songplays AS c
WHERE
  NOT c.start_time IS NULL
  AND NOT EXISTS(
    SELECT
      1
    FROM time AS r
    WHERE
      r.start_time = c.start_time
  );

-- blocking songplays_user_id_resolved: every user_id of songplays is in users
SELECT
  c.songplay_id,
  c.user_id
FROM songplays AS c
WHERE
  NOT c.user_id IS NULL
  AND NOT EXISTS(
    SELECT
      1
    FROM users AS r
    WHERE
      r.user_id = c.user_id
  );

-- blocking songs_artist_id_resolved: every artist_id of songs is in artists
SELECT
  c.song_id,
  c.artist_id
FROM songs AS c
WHERE
  NOT c.artist_id IS NULL
  AND NOT EXISTS(
    SELECT
      1
    FROM artists AS r
    WHERE
      r.artist_id = c.artist_id
  );

-- blocking songs_key_unique: song_id is unique in songs
SELECT
  c.song_id,
  COUNT(*) AS copies
FROM songs AS c
GROUP BY
  c.song_id
HAVING
  COUNT(*) > 1;

-- blocking songs_not_null: song_id, title, artist_id, inferred are there in songs
SELECT
  c.*
FROM songs AS c
WHERE
  c.song_id IS NULL OR c.title IS NULL OR c.artist_id IS NULL OR c.inferred IS NULL;

-- blocking time_agrees: every row of time says what its start_time says
SELECT
  t.start_time,
  t.hour,
  t.day,
  t.week,
  t.month,
  t.year,
  t.weekday
FROM time AS t
WHERE
  t.hour <> DATE_PART('hour', t.start_time)
  OR t.day <> DATE_PART('day', t.start_time)
  OR t.week <> DATE_PART('week', t.start_time)
  OR t.month <> DATE_PART('month', t.start_time)
  OR t.year <> DATE_PART('year', t.start_time)
  OR t.weekday <> DATE_PART('dow', t.start_time);

-- blocking time_key_unique: start_time is unique in time
SELECT
  c.start_time,
  COUNT(*) AS copies
FROM time AS c
GROUP BY
  c.start_time
HAVING
  COUNT(*) > 1;

-- blocking time_not_null: start_time, hour, day, week, month, year, weekday are there in time
SELECT
  c.*
FROM time AS c
WHERE
  c.start_time IS NULL
  OR c.hour IS NULL
  OR c.day IS NULL
  OR c.week IS NULL
  OR c.month IS NULL
  OR c.year IS NULL
  OR c.weekday IS NULL;

-- blocking time_played: at every start_time of time something is played
SELECT
  t.start_time
FROM time AS t
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM songplays AS s
    WHERE
      s.start_time = t.start_time
  );

-- blocking users_history_key_unique: user_id, valid_from is unique in users_history
SELECT
  c.user_id,
  c.valid_from,
  COUNT(*) AS copies
FROM users_history AS c
GROUP BY
  c.user_id,
  c.valid_from
HAVING
  COUNT(*) > 1;

-- blocking users_history_not_null: user_id, level, valid_from, current are there in users_history
SELECT
  c.*
FROM users_history AS c
WHERE
  c.user_id IS NULL OR c.level IS NULL OR c.valid_from IS NULL OR c.current IS NULL;

-- blocking users_history_user_id_resolved: every user_id of users_history is in users
SELECT
  c.user_id,
  c.valid_from
FROM users_history AS c
WHERE
  NOT c.user_id IS NULL
  AND NOT EXISTS(
    SELECT
      1
    FROM users AS r
    WHERE
      r.user_id = c.user_id
  );

-- blocking users_key_unique: user_id is unique in users
SELECT
  c.user_id,
  COUNT(*) AS copies
FROM users AS c
GROUP BY
  c.user_id
HAVING
  COUNT(*) > 1;

-- blocking users_not_null: user_id, level, last_seen_at are there in users
SELECT
  c.*
FROM users AS c
WHERE
  c.user_id IS NULL OR c.level IS NULL OR c.last_seen_at IS NULL;

-- warning coordinates_in_range: latitudes lie within ±90 degrees, longitudes within ±180
SELECT
  a.artist_id,
  a.name,
  a.latitude,
  a.longitude
FROM artists AS a
WHERE
  ABS(a.latitude) > 90 OR ABS(a.longitude) > 180;

-- warning coordinates_known: no artist is at latitude 0 and longitude 0, which stands for an unknown place in other systems
SELECT DISTINCT
  s.artist_id
FROM staging_songs AS s
WHERE
  s.artist_latitude = 0 AND s.artist_longitude = 0;

-- warning duplicates_agree: plays that share ts, userId, sessionId and itemInSession are the same in everything
SELECT
  r.ts,
  r."userId",
  r."sessionId",
  r."itemInSession",
  COUNT(*) AS versions
FROM (
  SELECT DISTINCT
    p.ts,
    "p"."sessionId",
    "p"."itemInSession",
    "p"."userId",
    p.page AS page,
    p.level AS level,
    p.auth AS auth,
    p.method AS method,
    p.status,
    "p"."firstName" AS "firstName",
    "p"."lastName" AS "lastName",
    p.gender AS gender,
    p.location AS location,
    "p"."userAgent" AS "userAgent",
    p.registration,
    p.artist AS artist,
    p.song AS song,
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
  JOIN (
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
      COUNT(*) > 1
  ) AS d
    ON (
      d.ts = p.ts
      AND d."userId" = p."userId"
      AND d."sessionId" = p."sessionId"
      AND d."itemInSession" = p."itemInSession"
    )
) AS r
GROUP BY
  r.ts,
  r."userId",
  r."sessionId",
  r."itemInSession"
HAVING
  COUNT(*) > 1;

-- warning gender_known: gender is F, M or not given
SELECT
  u.user_id,
  u.gender
FROM users AS u
WHERE
  NOT u.gender IN ('F', 'M');

-- warning level_known: level is free or paid
SELECT
  s.songplay_id,
  s.user_id,
  s.level
FROM songplays AS s
WHERE
  NOT s.level IN ('free', 'paid');

-- warning plays_catalogued: at least 95 % of the plays find their song in the catalogue
SELECT
  c.plays,
  c.catalogued,
  ROUND(CAST(CAST(100.0 * c.catalogued AS DOUBLE PRECISION) / c.plays AS DECIMAL(9, 4)), 2) AS percent
FROM (
  SELECT
    CAST(SUM(m.plays) AS BIGINT) AS plays,
    CAST(SUM(CASE WHEN m.song_inferred OR m.song_id IS NULL THEN 0 ELSE m.plays END) AS BIGINT) AS catalogued
  FROM etl_matches AS m
) AS c
WHERE
  c.catalogued < 0.95 * c.plays;

-- warning start_time_past: no play starts in the future
SELECT
  s.songplay_id,
  s.start_time
FROM songplays AS s
WHERE
  s.start_time > (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + :now / 1000 * INTERVAL '1 SECOND' + :now % 1000 * INTERVAL '1 MILLISECOND'
  );

-- warning ts_plausible: no event is from before 2000 (seconds for milliseconds?)
SELECT DISTINCT
  e.ts,
  e."sessionId",
  e."itemInSession",
  e."userId"
FROM staging_events AS e
WHERE
  e.ts < 946684800000;

-- warning user_level_known: a user's level is free or paid
SELECT
  u.user_id,
  u.level
FROM users AS u
WHERE
  NOT u.level IN ('free', 'paid');
