/*
about: the manifest: every file that was read, and what became of its records
key: file_id
columns:
  file_id       BIGINT     not null  number of the file; a file that changed gets a new one
  kind          VARCHAR    not null  events or songs
  uri           VARCHAR    not null  where it is
  size_bytes    BIGINT     not null  its size as it is stored, bytes
  content_tag   VARCHAR    not null  changes when the content does: size and time of change, or the store's ETag; empty if its content could not be seen, `read by other rules` if another version of the rules read it
  content_hash  VARCHAR    not null  XXH3-128 of its content as it is stored; empty if it was not read to its end, or if the warehouse took it in by itself
  read_at       TIMESTAMP  not null  when it was read, UTC
  records       BIGINT     not null  records in it
  loaded        BIGINT     not null  records that were loaded into staging
  rejected      BIGINT     not null  records that were rejected
  replayed      BIGINT     not null  rows in staging that replays put in the place of its rejects
  state         VARCHAR    not null  loaded, or failed: nothing of its content is loaded
  failure       VARCHAR    not null  why it failed, in words that can follow its name; empty otherwise
  run_id        BIGINT     not null  the run that read it
  resume_offset BIGINT     not null  where reading goes on if the file only grows: behind its last object, bytes; 0 if it must be read from its start
  resume_line   BIGINT     not null  the line of that place, counted from 1
  resume_opened BIGINT     not null  brackets that were opened before it and not closed
*/
