/*
about: the manifest: every file whose rows are in staging
key: file_id
columns:
  file_id       BIGINT     not null  number of the file; a file that changed gets a new one
  kind          VARCHAR    not null  events or songs
  uri           VARCHAR    not null  where it lies
  size_bytes    BIGINT     not null  its size as it lies there, bytes
  content_tag   VARCHAR    not null  changes when the content does: size and time of change, or the store's ETag
  content_hash  VARCHAR    not null  XXH3-128 of its content as it lies there; empty if the warehouse took it in by itself
  read_at       TIMESTAMP  not null  when it was read, UTC
  records       BIGINT     not null  records in it
  loaded        BIGINT     not null  records in staging
  rejected      BIGINT     not null  records in etl_rejects
  run_id        BIGINT     not null  the run that loaded it
*/
