-- every accepted record of the events
CREATE TEMPORARY TABLE new_staging_events (
  ts BIGINT NOT NULL,
  "sessionId" BIGINT NOT NULL,
  "itemInSession" INTEGER NOT NULL,
  "userId" BIGINT,
  page VARCHAR(65535) NOT NULL,
  level VARCHAR(65535) NOT NULL,
  auth VARCHAR(65535),
  method VARCHAR(65535),
  status INTEGER,
  "firstName" VARCHAR(65535),
  "lastName" VARCHAR(65535),
  gender VARCHAR(65535),
  location VARCHAR(65535),
  "userAgent" VARCHAR(65535),
  registration BIGINT,
  artist VARCHAR(65535),
  song VARCHAR(65535),
  length DOUBLE PRECISION,
  file_id BIGINT NOT NULL
);

-- every accepted record of the songs
CREATE TEMPORARY TABLE new_staging_songs (
  num_songs INTEGER,
  artist_id VARCHAR(65535) NOT NULL,
  artist_latitude DOUBLE PRECISION,
  artist_longitude DOUBLE PRECISION,
  artist_location VARCHAR(65535),
  artist_name VARCHAR(65535) NOT NULL,
  song_id VARCHAR(65535) NOT NULL,
  title VARCHAR(65535) NOT NULL,
  duration DOUBLE PRECISION,
  year INTEGER,
  file_id BIGINT NOT NULL
);
