-- the tables that Sparkify made here; a table that is not among them is never changed or dropped
CREATE TABLE etl_tables (
  table_name VARCHAR NOT NULL,
  column_names VARCHAR NOT NULL,
  layout BIGINT NOT NULL
);

-- the settings that the star was built with: if one changes, the star is rebuilt; and reading_version, the rules by which files are read: if it changes, they are read again
CREATE TABLE etl_settings (
  setting VARCHAR NOT NULL,
  setting_value VARCHAR NOT NULL
);

-- every run of the etl, those that failed too
CREATE TABLE etl_runs (
  run_id BIGINT NOT NULL,
  started_at TIMESTAMP NOT NULL,
  finished_at TIMESTAMP,
  state VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  accepted VARCHAR NOT NULL,
  files BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  records BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  seconds DOUBLE PRECISION NOT NULL,
  version VARCHAR NOT NULL,
  settings VARCHAR NOT NULL
);

-- the manifest: every file that was read, and what became of its records
CREATE TABLE etl_files (
  file_id BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  uri VARCHAR NOT NULL,
  size_bytes BIGINT NOT NULL,
  content_tag VARCHAR NOT NULL,
  content_hash VARCHAR NOT NULL,
  read_at TIMESTAMP NOT NULL,
  records BIGINT NOT NULL,
  loaded BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  replayed BIGINT NOT NULL,
  state VARCHAR NOT NULL,
  failure VARCHAR NOT NULL,
  run_id BIGINT NOT NULL,
  resume_offset BIGINT NOT NULL,
  resume_line BIGINT NOT NULL,
  resume_opened BIGINT NOT NULL
);

-- how far each partition of a topic was read; it moves on in the transaction that loads the messages
CREATE TABLE etl_offsets (
  cluster_id VARCHAR NOT NULL,
  topic VARCHAR NOT NULL,
  topic_id VARCHAR NOT NULL,
  partition_no BIGINT NOT NULL,
  file_id BIGINT NOT NULL,
  first_offset BIGINT NOT NULL,
  next_offset BIGINT NOT NULL,
  tombstones BIGINT NOT NULL,
  without_record BIGINT NOT NULL,
  lost BIGINT NOT NULL,
  last_time TIMESTAMP,
  run_id BIGINT NOT NULL
);

-- every record that was not loaded, and why
CREATE TABLE etl_rejects (
  file_id BIGINT NOT NULL,
  reject_no BIGINT NOT NULL,
  line BIGINT NOT NULL,
  byte_offset BIGINT NOT NULL,
  raw_text VARCHAR NOT NULL,
  raw_hash VARCHAR NOT NULL,
  records BIGINT NOT NULL,
  field VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  suggestion VARCHAR NOT NULL,
  message_time TIMESTAMP,
  message_key VARCHAR,
  resolved_by BIGINT
);

-- every replay: records that were given in the place of a reject; it applies wherever that reject is read again
CREATE TABLE etl_replays (
  replay_id BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  uri VARCHAR NOT NULL,
  raw_hash VARCHAR NOT NULL,
  nth BIGINT NOT NULL,
  records BIGINT NOT NULL,
  made_at TIMESTAMP NOT NULL,
  run_id BIGINT NOT NULL
);

-- which song each (artist, song, length) that was played is; derived from staging, kept so that a run need not look at old plays
CREATE TABLE etl_matches (
  artist VARCHAR NOT NULL,
  song VARCHAR NOT NULL,
  length DOUBLE PRECISION,
  plays BIGINT NOT NULL,
  song_id VARCHAR,
  artist_id VARCHAR,
  song_inferred BOOLEAN NOT NULL,
  artist_inferred BOOLEAN NOT NULL,
  is_kept BOOLEAN NOT NULL
);

-- names that had been encoded to UTF-8 more than once, and what they say; derived from staging
CREATE TABLE etl_repairs (
  raw_text VARCHAR NOT NULL,
  repaired_text VARCHAR NOT NULL
);

-- one row: how many chunks were committed, by which a run sees that no other has written meanwhile
CREATE TABLE etl_commits (
  commit_no BIGINT NOT NULL,
  last_file BIGINT NOT NULL
);

-- every accepted record of the events
CREATE TABLE staging_events (
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
  length DOUBLE PRECISION,
  position BIGINT,
  file_id BIGINT NOT NULL
);

-- the events that replays gave; staging holds those whose reject is there
CREATE TABLE etl_replayed_events (
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
  length DOUBLE PRECISION,
  replay_id BIGINT NOT NULL
);

-- every accepted record of the songs
CREATE TABLE staging_songs (
  num_songs INTEGER,
  artist_id VARCHAR NOT NULL,
  artist_latitude DOUBLE PRECISION,
  artist_longitude DOUBLE PRECISION,
  artist_location VARCHAR,
  artist_name VARCHAR NOT NULL,
  song_id VARCHAR NOT NULL,
  title VARCHAR NOT NULL,
  duration DOUBLE PRECISION,
  year INTEGER,
  position BIGINT,
  file_id BIGINT NOT NULL
);

-- the songs that replays gave; staging holds those whose reject is there
CREATE TABLE etl_replayed_songs (
  num_songs INTEGER,
  artist_id VARCHAR NOT NULL,
  artist_latitude DOUBLE PRECISION,
  artist_longitude DOUBLE PRECISION,
  artist_location VARCHAR,
  artist_name VARCHAR NOT NULL,
  song_id VARCHAR NOT NULL,
  title VARCHAR NOT NULL,
  duration DOUBLE PRECISION,
  year INTEGER,
  replay_id BIGINT NOT NULL
);

-- every artist of the catalogue, and every artist that was played without being in it
CREATE TABLE artists (
  artist_id VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  location VARCHAR,
  latitude DOUBLE PRECISION,
  longitude DOUBLE PRECISION,
  inferred BOOLEAN NOT NULL
);

-- every song of the catalogue, and every song that was played without being in it
CREATE TABLE songs (
  song_id VARCHAR NOT NULL,
  title VARCHAR NOT NULL,
  artist_id VARCHAR NOT NULL,
  year INTEGER,
  duration DOUBLE PRECISION,
  inferred BOOLEAN NOT NULL
);

-- every user seen in any event; all values from that user's last event
CREATE TABLE users (
  user_id BIGINT NOT NULL,
  first_name VARCHAR,
  last_name VARCHAR,
  gender VARCHAR,
  level VARCHAR NOT NULL,
  last_seen_at TIMESTAMP NOT NULL
);

-- each user's level over time, one row per change; a user's rows follow each other without gaps
CREATE TABLE users_history (
  user_id BIGINT NOT NULL,
  level VARCHAR NOT NULL,
  valid_from TIMESTAMP NOT NULL,
  valid_to TIMESTAMP,
  current BOOLEAN NOT NULL
);

-- one row for every start_time in songplays
CREATE TABLE "time" (
  start_time TIMESTAMP NOT NULL,
  hour INTEGER NOT NULL,
  day INTEGER NOT NULL,
  week INTEGER NOT NULL,
  month INTEGER NOT NULL,
  year INTEGER NOT NULL,
  weekday INTEGER NOT NULL
);

-- one row per play, with the song that it plays
CREATE TABLE songplays (
  songplay_id VARCHAR NOT NULL,
  start_time TIMESTAMP NOT NULL,
  user_id BIGINT NOT NULL,
  level VARCHAR NOT NULL,
  song_id VARCHAR,
  artist_id VARCHAR,
  session_id BIGINT NOT NULL,
  location VARCHAR,
  user_agent VARCHAR
);
