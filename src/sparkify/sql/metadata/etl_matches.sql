/*
about: which song each (artist, song, length) that was played is; derived from staging, kept so that a run need not
  look at old plays
key: artist, song, length
columns:
  artist           VARCHAR  not null  as played, without spaces at the end
  song             VARCHAR  not null  as played, without spaces at the end
  length           DOUBLE             as played, seconds
  plays            BIGINT   not null  how many plays, duplicates not counted
  song_id          VARCHAR            the song; NULL when it is unknown and not inferred
  artist_id        VARCHAR            the artist; NULL when it is unknown and not inferred
  song_inferred    BOOLEAN  not null  whether the song is inferred
  artist_inferred  BOOLEAN  not null  whether the artist is inferred
  is_kept          BOOLEAN  not null  whether its plays are in songplays
*/
