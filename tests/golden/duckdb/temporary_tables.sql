-- every accepted record of the events
CREATE TEMPORARY TABLE new_staging_events (
  ts BIGINT NOT NULL,
  "sessionId" BIGINT NOT NULL,
  "itemInSession" INTEGER NOT NULL,
  "userId" BIGINT,
  page VARCHAR NOT NULL,
  level VARCHAR NOT NULL,
  auth VARCHAR,
  method VARCHAR,
  status INTEGER,
  "firstName" VARCHAR,
  "lastName" VARCHAR,
  gender VARCHAR,
  location VARCHAR,
  "userAgent" VARCHAR,
  registration BIGINT,
  artist VARCHAR,
  song VARCHAR,
  length DOUBLE,
  file_id BIGINT NOT NULL
);

-- every accepted record of the songs
CREATE TEMPORARY TABLE new_staging_songs (
  num_songs INTEGER,
  artist_id VARCHAR NOT NULL,
  artist_latitude DOUBLE,
  artist_longitude DOUBLE,
  artist_location VARCHAR,
  artist_name VARCHAR NOT NULL,
  song_id VARCHAR NOT NULL,
  title VARCHAR NOT NULL,
  duration DOUBLE,
  year INTEGER,
  file_id BIGINT NOT NULL
);
