-- lines
CREATE TEMPORARY TABLE direct_load_lines (line VARCHAR(65535));

-- an object as lines
COPY direct_load_lines FROM 's3://bucket/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' DELIMITER '\001' IGNOREBLANKLINES MANIFEST COMPUPDATE OFF STATUPDATE OFF;

-- events: lines, and those that are not plain
SELECT COUNT(*) + SUM(octets), SUM(CASE WHEN LEN(TRIM(body)) = 0 THEN 0 ELSE 1 END), SUM(CASE WHEN LEN(TRIM(body)) = 0 THEN 0 WHEN body ~ '^[{] ?(("(ts)": ?(0|[1-9][0-9]{0,14})([.]0)?|"(sessionId)": ?(0|-?[1-9][0-9]{0,14})([.]0)?|"(itemInSession)": ?(0|-?[1-9][0-9]{0,8})([.]0)?|"(userId)": ?(null|""|(0|-?[1-9][0-9]{0,14})|"(0|-?[1-9][0-9]{0,14})")|"(page|level)": ?"[]!#-[^-}][] !#-[^-}]{0,60}"|"(auth|method|gender)": ?(null|"([]!#-[^-}][] !#-[^-}]{0,60})?")|"(status)": ?(null|(0|-?[1-9][0-9]{0,8})([.]0)?)|"(firstName|lastName|location|userAgent|artist|song)": ?(null|"([^"~]|~(["~/bfnrt]|u(000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}~u[dD][c-fC-F][0-9a-fA-F]{2})))*")|"(registration)": ?(null|(0|-?[1-9][0-9]{0,14})([.]0)?)|"(length)": ?(null|((0|-?[1-9][0-9]{0,14})([.][0-9]{1,17})?|-0[.]0{0,5}[1-9][0-9]{0,11})([eE][-+]?[0-9]{1,2})?)), ?)*("(ts)": ?(0|[1-9][0-9]{0,14})([.]0)?|"(sessionId)": ?(0|-?[1-9][0-9]{0,14})([.]0)?|"(itemInSession)": ?(0|-?[1-9][0-9]{0,8})([.]0)?|"(userId)": ?(null|""|(0|-?[1-9][0-9]{0,14})|"(0|-?[1-9][0-9]{0,14})")|"(page|level)": ?"[]!#-[^-}][] !#-[^-}]{0,60}"|"(auth|method|gender)": ?(null|"([]!#-[^-}][] !#-[^-}]{0,60})?")|"(status)": ?(null|(0|-?[1-9][0-9]{0,8})([.]0)?)|"(firstName|lastName|location|userAgent|artist|song)": ?(null|"([^"~]|~(["~/bfnrt]|u(000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}~u[dD][c-fC-F][0-9a-fA-F]{2})))*")|"(registration)": ?(null|(0|-?[1-9][0-9]{0,14})([.]0)?)|"(length)": ?(null|((0|-?[1-9][0-9]{0,14})([.][0-9]{1,17})?|-0[.]0{0,5}[1-9][0-9]{0,11})([eE][-+]?[0-9]{1,2})?)) ?[}] *$' AND NOT (names LIKE '%"ts":%"ts":%' OR names LIKE '%"sessionId":%"sessionId":%' OR names LIKE '%"itemInSession":%"itemInSession":%' OR names LIKE '%"userId":%"userId":%' OR names LIKE '%"page":%"page":%' OR names LIKE '%"level":%"level":%' OR names LIKE '%"auth":%"auth":%' OR names LIKE '%"method":%"method":%' OR names LIKE '%"status":%"status":%' OR names LIKE '%"firstName":%"firstName":%' OR names LIKE '%"lastName":%"lastName":%' OR names LIKE '%"gender":%"gender":%' OR names LIKE '%"location":%"location":%' OR names LIKE '%"userAgent":%"userAgent":%' OR names LIKE '%"registration":%"registration":%' OR names LIKE '%"artist":%"artist":%' OR names LIKE '%"song":%"song":%' OR names LIKE '%"length":%"length":%') AND LEN(TRANSLATE(body, CHR(1) || CHR(2) || CHR(3) || CHR(4) || CHR(5) || CHR(6) || CHR(7) || CHR(8) || CHR(9) || CHR(10) || CHR(11) || CHR(12) || CHR(13) || CHR(14) || CHR(15) || CHR(16) || CHR(17) || CHR(18) || CHR(19) || CHR(20) || CHR(21) || CHR(22) || CHR(23) || CHR(24) || CHR(25) || CHR(26) || CHR(27) || CHR(28) || CHR(29) || CHR(30) || CHR(31), '')) = LEN(body) THEN 0 ELSE 1 END) FROM (SELECT octets, body, REPLACE(REPLACE(body, '~~', ''), '~"', '') AS names FROM (SELECT OCTET_LENGTH(line) AS octets, REPLACE(REPLACE(RTRIM(line, CHR(13)), '~', '?'), CHR(92), '~') AS body FROM direct_load_lines) AS shown) AS bodies;

-- events: records
CREATE TEMPORARY TABLE direct_load_events (ts DOUBLE PRECISION, "sessionId" DOUBLE PRECISION, "itemInSession" DOUBLE PRECISION, "userId" DOUBLE PRECISION, page VARCHAR(65535), level VARCHAR(65535), auth VARCHAR(65535), method VARCHAR(65535), status DOUBLE PRECISION, "firstName" VARCHAR(65535), "lastName" VARCHAR(65535), gender VARCHAR(65535), location VARCHAR(65535), "userAgent" VARCHAR(65535), registration DOUBLE PRECISION, artist VARCHAR(65535), song VARCHAR(65535), length DOUBLE PRECISION);

-- events: an object as records
COPY direct_load_events FROM 's3://bucket/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' FORMAT AS JSON 's3://bucket/paths' MANIFEST COMPUPDATE OFF STATUPDATE OFF;

-- events: records that break the contract
SELECT
  COUNT(*),
  SUM(
    CASE
      WHEN ts IS NULL
      OR ts < 0
      OR ts > 253402300799999
      OR "sessionId" IS NULL
      OR "itemInSession" IS NULL
      OR page IS NULL
      OR TRIM(TRAILING ' ' FROM page) = ''
      OR level IS NULL
      OR TRIM(TRAILING ' ' FROM level) = ''
      OR (
        (
          page = 'NextSong'
          OR (
            page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM page) = 'NextSong'
          )
        )
        AND (
          "userId" IS NULL
          OR artist IS NULL
          OR TRIM(TRAILING ' ' FROM artist) = ''
          OR song IS NULL
          OR TRIM(TRAILING ' ' FROM song) = ''
        )
      )
      THEN 1
      ELSE 0
    END
  )
FROM direct_load_events;

-- events: into staging
INSERT INTO staging_events (ts, "sessionId", "itemInSession", "userId", page, level, auth, method, status, "firstName", "lastName", gender, location, "userAgent", registration, artist, song, length, file_id) SELECT CAST(ts AS BIGINT), CAST("sessionId" AS BIGINT), CAST("itemInSession" AS INTEGER), CAST("userId" AS BIGINT), page, level, auth, method, CAST(status AS INTEGER), "firstName", "lastName", gender, location, "userAgent", CAST(registration AS BIGINT), artist, song, length, 7 FROM direct_load_events;

-- songs: lines, and those that are not plain
SELECT COUNT(*) + SUM(octets), SUM(CASE WHEN LEN(TRIM(body)) = 0 THEN 0 ELSE 1 END), SUM(CASE WHEN LEN(TRIM(body)) = 0 THEN 0 WHEN body ~ '^[{] ?(("(num_songs|year)": ?(null|(0|-?[1-9][0-9]{0,8})([.]0)?)|"(artist_id|song_id)": ?"[]!#-[^-}][] !#-[^-}]{0,60}"|"(artist_latitude|artist_longitude|duration)": ?(null|((0|-?[1-9][0-9]{0,14})([.][0-9]{1,17})?|-0[.]0{0,5}[1-9][0-9]{0,11})([eE][-+]?[0-9]{1,2})?)|"(artist_location)": ?(null|"([^"~]|~(["~/bfnrt]|u(000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}~u[dD][c-fC-F][0-9a-fA-F]{2})))*")|"(artist_name)": ?"([^"~ ]|~["~/])([^"~]|~(["~/bfnrt]|u(000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}~u[dD][c-fC-F][0-9a-fA-F]{2})))*"|"(title)": ?"([^"~]|~(["~/bfnrt]|u(000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}~u[dD][c-fC-F][0-9a-fA-F]{2})))*"), ?)*("(num_songs|year)": ?(null|(0|-?[1-9][0-9]{0,8})([.]0)?)|"(artist_id|song_id)": ?"[]!#-[^-}][] !#-[^-}]{0,60}"|"(artist_latitude|artist_longitude|duration)": ?(null|((0|-?[1-9][0-9]{0,14})([.][0-9]{1,17})?|-0[.]0{0,5}[1-9][0-9]{0,11})([eE][-+]?[0-9]{1,2})?)|"(artist_location)": ?(null|"([^"~]|~(["~/bfnrt]|u(000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}~u[dD][c-fC-F][0-9a-fA-F]{2})))*")|"(artist_name)": ?"([^"~ ]|~["~/])([^"~]|~(["~/bfnrt]|u(000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}~u[dD][c-fC-F][0-9a-fA-F]{2})))*"|"(title)": ?"([^"~]|~(["~/bfnrt]|u(000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}|[1-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}~u[dD][c-fC-F][0-9a-fA-F]{2})))*") ?[}] *$' AND NOT (names LIKE '%"num_songs":%"num_songs":%' OR names LIKE '%"artist_id":%"artist_id":%' OR names LIKE '%"artist_latitude":%"artist_latitude":%' OR names LIKE '%"artist_longitude":%"artist_longitude":%' OR names LIKE '%"artist_location":%"artist_location":%' OR names LIKE '%"artist_name":%"artist_name":%' OR names LIKE '%"song_id":%"song_id":%' OR names LIKE '%"title":%"title":%' OR names LIKE '%"duration":%"duration":%' OR names LIKE '%"year":%"year":%') AND LEN(TRANSLATE(body, CHR(1) || CHR(2) || CHR(3) || CHR(4) || CHR(5) || CHR(6) || CHR(7) || CHR(8) || CHR(9) || CHR(10) || CHR(11) || CHR(12) || CHR(13) || CHR(14) || CHR(15) || CHR(16) || CHR(17) || CHR(18) || CHR(19) || CHR(20) || CHR(21) || CHR(22) || CHR(23) || CHR(24) || CHR(25) || CHR(26) || CHR(27) || CHR(28) || CHR(29) || CHR(30) || CHR(31), '')) = LEN(body) THEN 0 ELSE 1 END) FROM (SELECT octets, body, REPLACE(REPLACE(body, '~~', ''), '~"', '') AS names FROM (SELECT OCTET_LENGTH(line) AS octets, REPLACE(REPLACE(RTRIM(line, CHR(13)), '~', '?'), CHR(92), '~') AS body FROM direct_load_lines) AS shown) AS bodies;

-- songs: records
CREATE TEMPORARY TABLE direct_load_songs (num_songs DOUBLE PRECISION, artist_id VARCHAR(65535), artist_latitude DOUBLE PRECISION, artist_longitude DOUBLE PRECISION, artist_location VARCHAR(65535), artist_name VARCHAR(65535), song_id VARCHAR(65535), title VARCHAR(65535), duration DOUBLE PRECISION, year DOUBLE PRECISION);

-- songs: an object as records
COPY direct_load_songs FROM 's3://bucket/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' FORMAT AS JSON 's3://bucket/paths' MANIFEST COMPUPDATE OFF STATUPDATE OFF;

-- songs: records that break the contract
SELECT
  COUNT(*),
  SUM(
    CASE
      WHEN artist_id IS NULL
      OR TRIM(TRAILING ' ' FROM artist_id) = ''
      OR artist_name IS NULL
      OR TRIM(TRAILING ' ' FROM artist_name) = ''
      OR song_id IS NULL
      OR TRIM(TRAILING ' ' FROM song_id) = ''
      OR title IS NULL
      THEN 1
      ELSE 0
    END
  )
FROM direct_load_songs;

-- songs: into staging
INSERT INTO staging_songs (num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, file_id) SELECT CAST(num_songs AS INTEGER), artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, CAST(year AS INTEGER), 7 FROM direct_load_songs;
