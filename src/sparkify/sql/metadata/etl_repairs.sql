/*
about: names that had been encoded to UTF-8 more than once, and what they say; derived from staging
key: raw_text
columns:
  raw_text       VARCHAR  not null  the name as it came
  repaired_text  VARCHAR  not null  what it says
*/
