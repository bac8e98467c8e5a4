-- the tables that Sparkify made here; a table that is not among them is never changed or dropped
ALTER TABLE etl_tables ADD CONSTRAINT etl_tables_pkey PRIMARY KEY (table_name);

-- the settings that the star was built with: if one changes, the star is rebuilt; and reading_version, the rules by which files are read: if it changes, they are read again
ALTER TABLE etl_settings ADD CONSTRAINT etl_settings_pkey PRIMARY KEY (setting);

-- every run of the etl, those that failed too
ALTER TABLE etl_runs ADD CONSTRAINT etl_runs_pkey PRIMARY KEY (run_id);

-- the manifest: every file that was read, and what became of its records
ALTER TABLE etl_files ADD CONSTRAINT etl_files_pkey PRIMARY KEY (file_id);

-- how far each partition of a topic was read; it moves on in the transaction that loads the messages
ALTER TABLE etl_offsets ADD CONSTRAINT etl_offsets_pkey PRIMARY KEY (cluster_id, topic, topic_id, partition_no);

-- every record that was not loaded, and why
ALTER TABLE etl_rejects ADD CONSTRAINT etl_rejects_pkey PRIMARY KEY (file_id, reject_no);

-- every replay: records that were given in the place of a reject; it applies wherever that reject is read again
ALTER TABLE etl_replays ADD CONSTRAINT etl_replays_pkey PRIMARY KEY (replay_id);

-- names that had been encoded to UTF-8 more than once, and what they say; derived from staging
ALTER TABLE etl_repairs ADD CONSTRAINT etl_repairs_pkey PRIMARY KEY (raw_text);

-- one row: how many chunks were committed, by which a run sees that no other has written meanwhile
ALTER TABLE etl_commits ADD CONSTRAINT etl_commits_pkey PRIMARY KEY (commit_no);

-- every accepted record of the events
CREATE INDEX staging_events_span_idx ON staging_events USING brin (ts int8_minmax_multi_ops, file_id int8_minmax_multi_ops) WITH (pages_per_range = 32);

-- every accepted record of the songs
CREATE INDEX staging_songs_span_idx ON staging_songs USING brin (file_id int8_minmax_multi_ops) WITH (pages_per_range = 32);

-- every artist of the catalogue, and every artist that was played without being in it
ALTER TABLE artists ADD CONSTRAINT artists_pkey PRIMARY KEY (artist_id);

-- every song of the catalogue, and every song that was played without being in it
ALTER TABLE songs ADD CONSTRAINT songs_pkey PRIMARY KEY (song_id);

-- every song of the catalogue, and every song that was played without being in it
ALTER TABLE songs ADD CONSTRAINT songs_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES artists (artist_id) DEFERRABLE INITIALLY DEFERRED;

-- every song of the catalogue, and every song that was played without being in it
CREATE INDEX songs_artist_id_idx ON songs (artist_id);

-- every user seen in any event; all values from that user's last event
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (user_id);

-- each user's level over time, one row per change; a user's rows follow each other without gaps
ALTER TABLE users_history ADD CONSTRAINT users_history_pkey PRIMARY KEY (user_id, valid_from);

-- each user's level over time, one row per change; a user's rows follow each other without gaps
ALTER TABLE users_history ADD CONSTRAINT users_history_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) DEFERRABLE INITIALLY DEFERRED;

-- each user's level over time, one row per change; a user's rows follow each other without gaps
CREATE INDEX users_history_user_id_idx ON users_history (user_id);

-- one row for every start_time in songplays
ALTER TABLE "time" ADD CONSTRAINT time_pkey PRIMARY KEY (start_time);

-- one row per play, with the song that it plays
ALTER TABLE songplays ADD CONSTRAINT songplays_pkey PRIMARY KEY (songplay_id);

-- one row per play, with the song that it plays
ALTER TABLE songplays ADD CONSTRAINT songplays_start_time_fkey FOREIGN KEY (start_time) REFERENCES "time" (start_time) DEFERRABLE INITIALLY DEFERRED;

-- one row per play, with the song that it plays
CREATE INDEX songplays_start_time_idx ON songplays (start_time);

-- one row per play, with the song that it plays
ALTER TABLE songplays ADD CONSTRAINT songplays_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) DEFERRABLE INITIALLY DEFERRED;

-- one row per play, with the song that it plays
CREATE INDEX songplays_user_id_idx ON songplays (user_id);

-- one row per play, with the song that it plays
ALTER TABLE songplays ADD CONSTRAINT songplays_song_id_fkey FOREIGN KEY (song_id) REFERENCES songs (song_id) DEFERRABLE INITIALLY DEFERRED;

-- one row per play, with the song that it plays
CREATE INDEX songplays_song_id_idx ON songplays (song_id);

-- one row per play, with the song that it plays
ALTER TABLE songplays ADD CONSTRAINT songplays_artist_id_fkey FOREIGN KEY (artist_id) REFERENCES artists (artist_id) DEFERRABLE INITIALLY DEFERRED;

-- one row per play, with the song that it plays
CREATE INDEX songplays_artist_id_idx ON songplays (artist_id);
