/*
about: every run of the etl, those that failed too
key: run_id
columns:
  run_id       BIGINT     not null  number of the run
  started_at   TIMESTAMP  not null  UTC
  finished_at  TIMESTAMP            UTC; NULL while it runs
  state        VARCHAR    not null  running, done, failed, refused or interrupted
  reason       VARCHAR    not null  why it did not end well
  accepted     VARCHAR    not null  losses of messages that the user accepted, with the flag that did; empty otherwise
  files        BIGINT     not null  files loaded
  removed      BIGINT     not null  files pruned
  records      BIGINT     not null  records in the files loaded
  rejected     BIGINT     not null  records rejected
  seconds      DOUBLE     not null  how long it took
  version      VARCHAR    not null  version of Sparkify
  settings     VARCHAR    not null  the settings as JSON, without secrets
*/
