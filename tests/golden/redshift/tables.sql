-- the tables that Sparkify made here; a table that is not among them is never changed or dropped
CREATE TABLE etl_tables (
  table_name VARCHAR(65535) NOT NULL,
  column_names VARCHAR(65535) NOT NULL,
  layout BIGINT NOT NULL
)
DISTSTYLE AUTO;

-- the settings that the star was built with: if one changes, the star is rebuilt; and reading_version, the rules by which files are read: if it changes, they are read again
CREATE TABLE etl_settings (
  setting VARCHAR(65535) NOT NULL,
  setting_value VARCHAR(65535) NOT NULL
)
DISTSTYLE AUTO;

-- every run of the etl, those that failed too
CREATE TABLE etl_runs (
  run_id BIGINT NOT NULL,
  started_at TIMESTAMP NOT NULL,
  finished_at TIMESTAMP,
  state VARCHAR(65535) NOT NULL,
  reason VARCHAR(65535) NOT NULL,
  accepted VARCHAR(65535) NOT NULL,
  files BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  records BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  seconds DOUBLE PRECISION NOT NULL,
  version VARCHAR(65535) NOT NULL,
  settings VARCHAR(65535) NOT NULL
)
DISTSTYLE AUTO;

-- the manifest: every file that was read, and what became of its records
CREATE TABLE etl_files (
  file_id BIGINT NOT NULL,
  kind VARCHAR(65535) NOT NULL,
  uri VARCHAR(65535) NOT NULL,
  size_bytes BIGINT NOT NULL,
  content_tag VARCHAR(65535) NOT NULL,
  content_hash VARCHAR(65535) NOT NULL,
  read_at TIMESTAMP NOT NULL,
  records BIGINT NOT NULL,
  loaded BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  replayed BIGINT NOT NULL,
  state VARCHAR(65535) NOT NULL,
  failure VARCHAR(65535) NOT NULL,
  run_id BIGINT NOT NULL,
  resume_offset BIGINT NOT NULL,
  resume_line BIGINT NOT NULL,
  resume_opened BIGINT NOT NULL
)
DISTSTYLE AUTO;

-- how far each partition of a topic was read; it moves on in the transaction that loads the messages
CREATE TABLE etl_offsets (
  cluster_id VARCHAR(65535) NOT NULL,
  topic VARCHAR(65535) NOT NULL,
  topic_id VARCHAR(65535) NOT NULL,
  partition_no BIGINT NOT NULL,
  file_id BIGINT NOT NULL,
  first_offset BIGINT NOT NULL,
  next_offset BIGINT NOT NULL,
  tombstones BIGINT NOT NULL,
  without_record BIGINT NOT NULL,
  lost BIGINT NOT NULL,
  last_time TIMESTAMP,
  run_id BIGINT NOT NULL
)
DISTSTYLE AUTO;

-- every record that was not loaded, and why
CREATE TABLE etl_rejects (
  file_id BIGINT NOT NULL,
  reject_no BIGINT NOT NULL,
  line BIGINT NOT NULL,
  byte_offset BIGINT NOT NULL,
  raw_text VARCHAR(65535) NOT NULL,
  raw_hash VARCHAR(65535) NOT NULL,
  records BIGINT NOT NULL,
  field VARCHAR(65535) NOT NULL,
  reason VARCHAR(65535) NOT NULL,
  suggestion VARCHAR(65535) NOT NULL,
  message_time TIMESTAMP,
  message_key VARCHAR(65535),
  resolved_by BIGINT
)
DISTSTYLE AUTO;

-- every replay: records that were given in the place of a reject; it applies wherever that reject is read again
CREATE TABLE etl_replays (
  replay_id BIGINT NOT NULL,
  kind VARCHAR(65535) NOT NULL,
  uri VARCHAR(65535) NOT NULL,
  raw_hash VARCHAR(65535) NOT NULL,
  nth BIGINT NOT NULL,
  records BIGINT NOT NULL,
  made_at TIMESTAMP NOT NULL,
  run_id BIGINT NOT NULL
)
DISTSTYLE AUTO;

-- which song each (artist, song, length) that was played is; derived from staging, kept so that a run need not look at old plays
CREATE TABLE etl_matches (
  artist VARCHAR(65535) NOT NULL,
  song VARCHAR(65535) NOT NULL,
  length DOUBLE PRECISION,
  plays BIGINT NOT NULL,
  song_id VARCHAR(256),
  artist_id VARCHAR(256),
  song_inferred BOOLEAN NOT NULL,
  artist_inferred BOOLEAN NOT NULL,
  is_kept BOOLEAN NOT NULL
)
DISTSTYLE AUTO;

-- names that had been encoded to UTF-8 more than once, and what they say; derived from staging
CREATE TABLE etl_repairs (
  raw_text VARCHAR(65535) NOT NULL,
  repaired_text VARCHAR(65535) NOT NULL
)
DISTSTYLE AUTO;

-- one row: how many chunks were committed, by which a run sees that no other has written meanwhile
CREATE TABLE etl_commits (
  commit_no BIGINT NOT NULL,
  last_file BIGINT NOT NULL
)
DISTSTYLE AUTO;

-- every accepted record of the events
CREATE TABLE staging_events (
  ts BIGINT NOT NULL,
  "sessionId" BIGINT NOT NULL,
  "itemInSession" INTEGER NOT NULL,
  "userId" BIGINT,
  page VARCHAR(256) NOT NULL,
  level VARCHAR(64) NOT NULL,
  auth VARCHAR(64),
  method VARCHAR(64),
  status INTEGER,
  "firstName" VARCHAR(65535),
  "lastName" VARCHAR(65535),
  gender VARCHAR(64),
  location VARCHAR(65535),
  "userAgent" VARCHAR(65535),
  registration BIGINT,
  artist VARCHAR(65535),
  song VARCHAR(65535),
  length DOUBLE PRECISION,
  position BIGINT,
  file_id BIGINT NOT NULL
)
DISTSTYLE AUTO SORTKEY (ts);

-- the events that replays gave; staging holds those whose reject is there
CREATE TABLE etl_replayed_events (
  ts BIGINT NOT NULL,
  "sessionId" BIGINT NOT NULL,
  "itemInSession" INTEGER NOT NULL,
  "userId" BIGINT,
  page VARCHAR(256) NOT NULL,
  level VARCHAR(64) NOT NULL,
  auth VARCHAR(64),
  method VARCHAR(64),
  status INTEGER,
  "firstName" VARCHAR(65535),
  "lastName" VARCHAR(65535),
  gender VARCHAR(64),
  location VARCHAR(65535),
  "userAgent" VARCHAR(65535),
  registration BIGINT,
  artist VARCHAR(65535),
  song VARCHAR(65535),
  length DOUBLE PRECISION,
  replay_id BIGINT NOT NULL
)
DISTSTYLE AUTO;

-- every accepted record of the songs
CREATE TABLE staging_songs (
  num_songs INTEGER,
  artist_id VARCHAR(256) NOT NULL,
  artist_latitude DOUBLE PRECISION,
  artist_longitude DOUBLE PRECISION,
  artist_location VARCHAR(65535),
  artist_name VARCHAR(65535) NOT NULL,
  song_id VARCHAR(256) NOT NULL,
  title VARCHAR(65535) NOT NULL,
  duration DOUBLE PRECISION,
  year INTEGER,
  position BIGINT,
  file_id BIGINT NOT NULL
)
DISTSTYLE AUTO;

-- the songs that replays gave; staging holds those whose reject is there
CREATE TABLE etl_replayed_songs (
  num_songs INTEGER,
  artist_id VARCHAR(256) NOT NULL,
  artist_latitude DOUBLE PRECISION,
  artist_longitude DOUBLE PRECISION,
  artist_location VARCHAR(65535),
  artist_name VARCHAR(65535) NOT NULL,
  song_id VARCHAR(256) NOT NULL,
  title VARCHAR(65535) NOT NULL,
  duration DOUBLE PRECISION,
  year INTEGER,
  replay_id BIGINT NOT NULL
)
DISTSTYLE AUTO;

-- every artist of the catalogue, and every artist that was played without being in it
CREATE TABLE artists (
  artist_id VARCHAR(256) NOT NULL,
  name VARCHAR(65535) NOT NULL,
  location VARCHAR(65535),
  latitude DOUBLE PRECISION,
  longitude DOUBLE PRECISION,
  inferred BOOLEAN NOT NULL
)
DISTSTYLE AUTO SORTKEY (artist_id);

-- every song of the catalogue, and every song that was played without being in it
CREATE TABLE songs (
  song_id VARCHAR(256) NOT NULL,
  title VARCHAR(65535) NOT NULL,
  artist_id VARCHAR(256) NOT NULL,
  year INTEGER,
  duration DOUBLE PRECISION,
  inferred BOOLEAN NOT NULL
)
DISTSTYLE AUTO SORTKEY (song_id);

-- every user seen in any event; all values from that user's last event
CREATE TABLE users (
  user_id BIGINT NOT NULL,
  first_name VARCHAR(65535),
  last_name VARCHAR(65535),
  gender VARCHAR(64),
  level VARCHAR(64) NOT NULL,
  last_seen_at TIMESTAMP NOT NULL
)
DISTSTYLE AUTO SORTKEY (user_id);

-- each user's level over time, one row per change; a user's rows follow each other without gaps
CREATE TABLE users_history (
  user_id BIGINT NOT NULL,
  level VARCHAR(64) NOT NULL,
  valid_from TIMESTAMP NOT NULL,
  valid_to TIMESTAMP,
  current BOOLEAN NOT NULL
)
DISTSTYLE AUTO SORTKEY (user_id);

-- one row for every start_time in songplays
CREATE TABLE "time" (
  start_time TIMESTAMP NOT NULL,
  hour INTEGER NOT NULL,
  day INTEGER NOT NULL,
  week INTEGER NOT NULL,
  month INTEGER NOT NULL,
  year INTEGER NOT NULL,
  weekday INTEGER NOT NULL
)
DISTSTYLE AUTO SORTKEY (start_time);

-- one row per play, with the song that it plays
CREATE TABLE songplays (
  songplay_id VARCHAR(65535) NOT NULL,
  start_time TIMESTAMP NOT NULL,
  user_id BIGINT NOT NULL,
  level VARCHAR(64) NOT NULL,
  song_id VARCHAR(256),
  artist_id VARCHAR(256),
  session_id BIGINT NOT NULL,
  location VARCHAR(65535),
  user_agent VARCHAR(65535)
)
DISTSTYLE AUTO SORTKEY (start_time);
