/*
about: every record that was not loaded, and why
key: reject_id
columns:
  reject_id    BIGINT   not null  number of the reject
  file_id      BIGINT   not null  the file that holds it
  line         BIGINT   not null  the line in which it begins, from 1, decompressed
  byte_offset  BIGINT   not null  the byte at which it begins, from 0, decompressed
  raw_text     VARCHAR  not null  its beginning, with escapes for what cannot be printed
  field        VARCHAR  not null  the field at fault; empty when it is the record
  reason       VARCHAR  not null  what is wrong with it
  suggestion   VARCHAR  not null  how to fix it; empty when that is not obvious
  resolved_by  BIGINT             the file that holds the fixed record
*/
