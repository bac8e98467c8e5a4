/*
about: one row: how many chunks were committed, by which a run sees that no other has written meanwhile
key: commit_no
columns:
  commit_no  BIGINT  not null  goes up with each chunk
  last_file  BIGINT  not null  the largest file_id that was given
*/
