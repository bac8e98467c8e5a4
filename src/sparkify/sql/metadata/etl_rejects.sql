/*
about: every record that was not loaded, and why
key: file_id, reject_no
columns:
  file_id      BIGINT   not null  the file that holds it
  reject_no    BIGINT   not null  number of the reject within its file, from 1; the offset of a message
  line         BIGINT   not null  the line in which it begins, from 1, decompressed; 0 for a message
  byte_offset  BIGINT   not null  the byte at which it begins, from 0, decompressed; the offset of a message
  raw_text     VARCHAR  not null  its beginning, with escapes for what cannot be printed
  raw_hash     VARCHAR  not null  XXH3-128 of all its bytes, in hexadecimal
  records      BIGINT   not null  how many records it counts for: 1, or the lines of a span of text that is no record
  field        VARCHAR  not null  the field at fault; empty when it is the record
  reason       VARCHAR  not null  what is wrong with it
  suggestion   VARCHAR  not null  how to fix it; empty when that is not obvious
  message_time TIMESTAMP          time of the message, UTC; NULL for files
  message_key  VARCHAR            key of the message, with escapes for what cannot be printed; NULL if it has none
  resolved_by  BIGINT             the replay that resolves it; NULL while it is open
*/
