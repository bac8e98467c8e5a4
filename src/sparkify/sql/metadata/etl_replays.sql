/*
about: every replay: records that were given in the place of a reject; it applies wherever that reject is read again
key: replay_id
columns:
  replay_id  BIGINT     not null  number of the replay
  kind       VARCHAR    not null  events or songs
  uri        VARCHAR    not null  the file that holds the reject
  raw_hash   VARCHAR    not null  XXH3-128 of all bytes of the reject, in hexadecimal
  nth        BIGINT     not null  which of the file's rejects with these bytes, from 1
  records    BIGINT     not null  how many records were given, in etl_replayed_events or etl_replayed_songs
  made_at    TIMESTAMP  not null  when it was given, UTC
  run_id     BIGINT     not null  the run that took it
*/
