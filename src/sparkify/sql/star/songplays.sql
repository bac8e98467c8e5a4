/*
about: one row per play, with the song that it plays
key: songplay_id
sort: start_time
references: start_time -> time.start_time, user_id -> users.user_id, song_id -> songs.song_id, artist_id -> artists.artist_id
columns:
  songplay_id  VARCHAR    not null  ts-userId-sessionId-itemInSession
  start_time   TIMESTAMP  not null  when the play began, UTC, to the millisecond
  user_id      BIGINT     not null  who played
  level        VARCHAR    not null  free or paid, at the time of the play
  song_id      VARCHAR              what was played; NULL only under unknown_songs = null
  artist_id    VARCHAR              whose song it is; NULL only under unknown_songs = null
  session_id   BIGINT     not null  the session of the play
  location     VARCHAR              where the user was
  user_agent   VARCHAR              the user's browser
*/
SELECT
  SONGPLAY_ID(p) AS songplay_id,
  FROM_MILLIS(p.ts) AS start_time,
  p."userId" AS user_id,
  TRIMMED(p.level) AS level,
  m.song_id,
  m.artist_id,
  p."sessionId" AS session_id,
  FILLED(p.location) AS location,
  p."userAgent" AS user_agent
FROM plays AS p
JOIN etl_matches AS m
  ON PLAYS_SONG(m, p)
WHERE m.is_kept
