/*
about: the star from all of staging, into empty tables
relations:
  play_rows           model.all_plays
  plays               model.plays
  user_rows           model.all_user_rows
  events_in_reach     staging_events
  level_steps         model.level_steps
  suspect_plays       played
  suspect_songs       staging_songs
  to_match            played
  catalogued_artists  repaired_songs
  catalogued_songs    catalogue
  artist_matches      etl_matches
  song_matches        etl_matches
  played_here         played
  start_times         songplays
  matched_songs       etl_matches
*/

/* about: find duplicates */
CREATE TEMPORARY TABLE duplicated AS SELECT * FROM model.duplicated;

/* about: the first of their duplicates */
CREATE TEMPORARY TABLE deduplicated_plays AS SELECT * FROM model.deduplicated_plays;

/* about: count what was played */
CREATE TEMPORARY TABLE played AS SELECT * FROM model.played;

/* about: levels by user and day */
CREATE TEMPORARY TABLE level_days AS SELECT * FROM model.level_days;

/* about: levels by user and millisecond, on days with two */
CREATE TEMPORARY TABLE level_moments AS SELECT * FROM model.level_moments;

/* about: last time of each user */
CREATE TEMPORARY TABLE last_times AS SELECT * FROM model.last_times;

/* about: last event of each user */
CREATE TEMPORARY TABLE last_events AS SELECT * FROM model.last_events;

/*
about: find names to be repaired
when: repair
asks: suspects
*/
SELECT s.raw_text FROM model.suspects AS s;

/* about: repair the catalogue */
CREATE TEMPORARY TABLE repaired_songs AS SELECT * FROM model.repaired_songs;

/* about: first record of each song */
CREATE TEMPORARY TABLE catalogue AS SELECT * FROM model.catalogue;

/* about: find the song of each play */
INSERT INTO etl_matches SELECT * FROM model.matches;

/*
about: songs whose id is worked out here: their artist and title together are longer than the engine's texts may be
when: short_texts
asks: names of etl_matches
*/
SELECT u.artist, u.song, u.artist_name, u.title FROM model.unnamed_songs AS u;

/* about: fill artists */
INSERT INTO artists SELECT * FROM model.artists;

/* about: fill songs */
INSERT INTO songs SELECT * FROM model.songs;

/* about: fill users */
INSERT INTO users SELECT * FROM model.users;

/* about: fill users_history */
INSERT INTO users_history SELECT * FROM model.users_history;

/* about: fill songplays */
INSERT INTO songplays SELECT * FROM model.songplays;

/* about: fill time */
INSERT INTO "time" SELECT * FROM model.time;
