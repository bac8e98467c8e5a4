/*
about: the star after one more chunk: its new files are in staging, those that go are still there. Staging is read in the
  days of the chunk alone, but for plays whose song is another one now, and users whose last event went
relations:
  play_rows           model.affected_rows
  plays               model.plays
  user_rows           model.user_day_rows
  events_in_reach     model.events_in_span
  level_steps         model.kept_steps
  suspect_plays       new_keys
  suspect_songs       model.new_songs_staged
  played_here         played_now
  start_times         model.missing_starts
  matched_songs       matches
when removes:
  chunk_events        model.new_and_gone_events
  staying_events      model.staying_events
when not removes:
  chunk_events        model.new_events
  staying_events      model.old_events
when songs:
  catalogued_artists  repaired_songs
  catalogued_songs    catalogue
  artist_matches      etl_matches
  song_matches        etl_matches
when not songs:
  catalogued_artists  artists
  catalogued_songs    songs
  artist_matches      model.affected_artist_matches
  song_matches        model.affected_song_matches
when whole_days:
  starts_in_reach     model.songplays_in_span
when not whole_days:
  starts_in_reach     model.affected_starts
*/

/* about: the days in which rows come or go */
CREATE TEMPORARY TABLE span_days AS SELECT * FROM model.chunk_days;

/*
about: read staging in these days
asks: span
*/
SELECT d.day FROM span_days AS d;

/*
about: plays in new or gone files
when: not whole_days
*/
CREATE TEMPORARY TABLE chunk_plays AS SELECT * FROM model.chunk_plays;

/*
about: how many rows each has before and after
when: not whole_days
*/
CREATE TEMPORARY TABLE affected_plays AS SELECT * FROM model.affected_plays;

/*
about: those that were there before
when: not whole_days
*/
CREATE TEMPORARY TABLE known_plays AS
SELECT p.ts, p."userId", p."sessionId", p."itemInSession", p.rows_before, p.rows_after
FROM affected_plays AS p
WHERE p.rows_before > 0;

/*
about: find duplicates
when: whole_days
*/
CREATE TEMPORARY TABLE repeated_plays AS SELECT * FROM model.repeated_plays;

/*
about: those of them that were there before and come again
when: whole_days
*/
CREATE TEMPORARY TABLE known_plays AS
SELECT p.ts, p."userId", p."sessionId", p."itemInSession", p.rows_before, p.rows_after
FROM repeated_plays AS p
WHERE p.rows_before > 0 AND p.rows_after > p.rows_before;

/* about: users and days in which rows come or go */
CREATE TEMPORARY TABLE user_days AS SELECT * FROM model.user_days;

/* about: users of new or gone files */
CREATE TEMPORARY TABLE affected_users AS SELECT DISTINCT d."userId" FROM user_days AS d;

/* about: what affected plays played before */
CREATE TEMPORARY TABLE played_before AS
SELECT m.artist, m.song, m.length, m.plays
FROM etl_matches AS m
WHERE 1 = 0;

/*
about: their duplicates before
if: known_plays
*/
CREATE TEMPORARY TABLE duplicated_before AS
SELECT p.ts, p."userId", p."sessionId", p."itemInSession"
FROM known_plays AS p
WHERE p.rows_before > 1;

/*
about: the first of their duplicates before
if: known_plays
with:
  play_rows   model.known_rows
  duplicated  duplicated_before
*/
CREATE TEMPORARY TABLE deduplicated_before AS SELECT * FROM model.deduplicated_plays;

/*
about: count what they played before
if: known_plays
with:
  play_rows           model.known_rows
  duplicated          duplicated_before
  deduplicated_plays  deduplicated_before
*/
INSERT INTO played_before SELECT * FROM model.played;

/*
about: remove gone files from staging_events
when: removes
*/
DELETE FROM staging_events WHERE file_id IN (SELECT g.file_id FROM gone_files AS g);

/*
about: remove gone files from staging_songs
when: removes
*/
DELETE FROM staging_songs WHERE file_id IN (SELECT g.file_id FROM gone_files AS g);

/*
about: their duplicates now
when: not whole_days
*/
CREATE TEMPORARY TABLE duplicated AS
SELECT p.ts, p."userId", p."sessionId", p."itemInSession"
FROM affected_plays AS p
WHERE p.rows_after > 1;

/*
about: duplicates in new files
when: whole_days
*/
CREATE TEMPORARY TABLE duplicated AS
SELECT p.ts, p."userId", p."sessionId", p."itemInSession"
FROM repeated_plays AS p
WHERE p.rows_after > p.rows_before;

/* about: the first of their duplicates now */
CREATE TEMPORARY TABLE deduplicated_plays AS SELECT * FROM model.deduplicated_plays;

/* about: count what they play now */
CREATE TEMPORARY TABLE played_now AS SELECT * FROM model.played;

/* about: what is played more often than before, or less */
CREATE TEMPORARY TABLE played_change AS SELECT * FROM model.played_change;

/* about: what is played for the first time */
CREATE TEMPORARY TABLE new_keys AS SELECT * FROM model.new_keys;

/* about: count what was played before too */
UPDATE etl_matches SET plays = etl_matches.plays + c.plays FROM played_change AS c WHERE SAME_SONG(c, etl_matches);

/* about: levels by user and day */
CREATE TEMPORARY TABLE level_days AS SELECT * FROM model.level_days;

/* about: levels by user and millisecond, on days with two */
CREATE TEMPORARY TABLE level_moments AS SELECT * FROM model.level_moments;

/* about: days that are late for their user */
CREATE TEMPORARY TABLE late_days AS SELECT * FROM model.late_days;

/* about: users whose history is not known from these days */
CREATE TEMPORARY TABLE unsettled AS SELECT a."userId" FROM affected_users AS a WHERE 1 = 0;

/*
about: users who end a day on another level
if: late_days
*/
INSERT INTO unsettled SELECT * FROM model.changed_evenings;

/*
about: users whose last event went
when: removes
*/
INSERT INTO unsettled
SELECT DISTINCT l."userId"
FROM model.lost_users AS l
WHERE l."userId" NOT IN (SELECT n."userId" FROM unsettled AS n);

/*
about: forget the days of unsettled users
if: unsettled
*/
DELETE FROM level_days WHERE "userId" IN (SELECT n."userId" FROM unsettled AS n);

/*
about: forget their milliseconds
if: unsettled
*/
DELETE FROM level_moments WHERE "userId" IN (SELECT n."userId" FROM unsettled AS n);

/*
about: all days of unsettled users
if: unsettled
with:
  user_rows  model.unsettled_rows
*/
INSERT INTO level_days SELECT * FROM model.level_days;

/*
about: all their milliseconds with two levels
if: unsettled
with:
  user_rows  model.unsettled_rows
*/
INSERT INTO level_moments SELECT * FROM model.level_moments;

/*
about: the days in which they did anything
if: unsettled
*/
INSERT INTO span_days
SELECT DISTINCT l.day
FROM level_days AS l
WHERE l.day NOT IN (SELECT d.day FROM span_days AS d);

/*
about: read staging in the days of unsettled users too
if: unsettled
asks: span
*/
SELECT d.day FROM span_days AS d;

/* about: last time of each user */
CREATE TEMPORARY TABLE last_times AS SELECT * FROM model.later_times;

/* about: last event of each user */
CREATE TEMPORARY TABLE last_events AS SELECT * FROM model.last_events;

/*
about: find names to be repaired
when: repair
asks: suspects
*/
SELECT s.raw_text FROM model.suspects AS s;

/* about: work out users */
CREATE TEMPORARY TABLE new_users AS SELECT * FROM model.users;

/* about: work out users_history */
CREATE TEMPORARY TABLE new_history AS SELECT * FROM model.users_history;

/* about: rows of users_history that change */
CREATE TEMPORARY TABLE stale_history AS
SELECT h.user_id, h.level, h.valid_from, h.valid_to, h.current
FROM users_history AS h
JOIN affected_users AS a
  ON a."userId" = h.user_id
EXCEPT
SELECT n.user_id, n.level, n.valid_from, n.valid_to, n.current
FROM new_history AS n;

/*
about: remove these rows of users_history
if: stale_history
*/
DELETE FROM users_history
WHERE EXISTS (
  SELECT 1
  FROM stale_history AS s
  WHERE s.user_id = users_history.user_id AND s.valid_from = users_history.valid_from
);

/* about: users without events */
CREATE TEMPORARY TABLE removed_users AS
SELECT n."userId" AS user_id
FROM unsettled AS n
WHERE n."userId" NOT IN (SELECT l."userId" FROM level_days AS l);

/*
about: remove users that go
if: removed_users
*/
DELETE FROM users WHERE user_id IN (SELECT r.user_id FROM removed_users AS r);

/*
about: update users
when: references
*/
UPDATE users
SET
  first_name = n.first_name,
  last_name = n.last_name,
  gender = n.gender,
  level = n.level,
  last_seen_at = n.last_seen_at
FROM new_users AS n
WHERE users.user_id = n.user_id;

/*
about: remove users that change
when: not references
*/
DELETE FROM users WHERE user_id IN (SELECT n.user_id FROM new_users AS n);

/* about: add users */
INSERT INTO users
SELECT n.user_id, n.first_name, n.last_name, n.gender, n.level, n.last_seen_at
FROM new_users AS n
WHERE n.user_id NOT IN (SELECT u.user_id FROM users AS u);

/* about: add to users_history */
INSERT INTO users_history
SELECT n.user_id, n.level, n.valid_from, n.valid_to, n.current
FROM new_history AS n
WHERE NOT EXISTS (
  SELECT 1
  FROM users_history AS h
  WHERE h.user_id = n.user_id AND h.valid_from = n.valid_from
);

/* about: songs of which plays come or go */
CREATE TEMPORARY TABLE affected_songs AS SELECT m.song_id FROM etl_matches AS m WHERE 1 = 0;

/* about: artists of which plays come or go */
CREATE TEMPORARY TABLE affected_artists AS SELECT m.artist_id FROM etl_matches AS m WHERE 1 = 0;

/*
about: songs that may have no plays any more
when: not songs
if: played_before
*/
INSERT INTO affected_songs
SELECT DISTINCT m.song_id
FROM etl_matches AS m
JOIN played_before AS b
  ON SAME_SONG(m, b)
WHERE m.song_inferred;

/*
about: artists that may have no plays any more
when: not songs
if: played_before
*/
INSERT INTO affected_artists
SELECT DISTINCT m.artist_id
FROM etl_matches AS m
JOIN played_before AS b
  ON SAME_SONG(m, b)
WHERE m.artist_inferred;

/*
about: forget what is not played any more
if: played_before
*/
DELETE FROM etl_matches WHERE plays = 0;

/*
about: what needs a song
when: not songs
*/
CREATE TEMPORARY TABLE to_match AS SELECT n.artist, n.song, n.length, n.plays FROM new_keys AS n;

/*
about: what needs a song, now that the catalogue changes
when: songs
*/
CREATE TEMPORARY TABLE to_match AS SELECT * FROM model.all_keys;

/*
about: repair the catalogue
if: to_match or songs
*/
CREATE TEMPORARY TABLE repaired_songs AS SELECT * FROM model.repaired_songs;

/*
about: first record of each song
if: to_match or songs
*/
CREATE TEMPORARY TABLE catalogue AS SELECT * FROM model.catalogue;

/*
about: find the song of each play
if: to_match or songs
*/
CREATE TEMPORARY TABLE matches AS SELECT * FROM model.matches;

/*
about: songs whose id is worked out here: their artist and title together are longer than the engine's texts may be
when: short_texts
if: to_match or songs
asks: names of matches
*/
SELECT u.artist, u.song, u.artist_name, u.title FROM model.unnamed_songs AS u;

/*
about: what is another song now
when: songs
*/
CREATE TEMPORARY TABLE rematched AS SELECT * FROM model.rematched;

/*
about: plays that move to it
when: songs
if: rematched
*/
CREATE TEMPORARY TABLE rematched_plays AS SELECT * FROM model.rematched_plays;

/*
about: they are affected too
when: songs
if: rematched
*/
INSERT INTO affected_plays
SELECT p.ts, p."userId", p."sessionId", p."itemInSession", p.rows_before, p.rows_after
FROM rematched_plays AS p;

/*
about: and were there before
when: songs
if: rematched
*/
INSERT INTO known_plays
SELECT p.ts, p."userId", p."sessionId", p."itemInSession", p.rows_before, p.rows_after
FROM rematched_plays AS p;

/*
about: the days in which they lie
when: songs
if: rematched
*/
INSERT INTO span_days
SELECT DISTINCT p.ts - p.ts % 86400000 AS day
FROM rematched_plays AS p
WHERE p.ts - p.ts % 86400000 NOT IN (SELECT d.day FROM span_days AS d);

/*
about: read staging in the days of plays that move too
when: songs
if: rematched
asks: span
*/
SELECT d.day FROM span_days AS d;

/*
about: duplicates of the chunk
when: songs
if: rematched
*/
DELETE FROM duplicated;

/*
about: and theirs
when: songs
if: rematched
*/
INSERT INTO duplicated
SELECT p.ts, p."userId", p."sessionId", p."itemInSession"
FROM affected_plays AS p
WHERE p.rows_after > 1;

/*
about: the first of the chunk's duplicates
when: songs
if: rematched
*/
DELETE FROM deduplicated_plays;

/*
about: and of theirs
when: songs
if: rematched
*/
INSERT INTO deduplicated_plays SELECT * FROM model.deduplicated_plays;

/*
about: forget what was another song
when: songs
if: rematched
*/
DELETE FROM etl_matches USING rematched AS r WHERE SAME_SONG(r, etl_matches);

/*
about: keep what was found
if: to_match or songs
*/
INSERT INTO etl_matches
SELECT
  m.artist, m.song, m.length, m.plays, m.song_id, m.artist_id, m.song_inferred, m.artist_inferred, m.is_kept
FROM matches AS m
LEFT JOIN etl_matches AS w
  ON SAME_SONG(w, m)
WHERE w.artist IS NULL;

/*
about: inferred songs that may be new or shorter
when: not songs
if: to_match
*/
INSERT INTO affected_songs SELECT DISTINCT m.song_id FROM matches AS m WHERE m.song_inferred;

/*
about: inferred artists that may be new
when: not songs
if: to_match
*/
INSERT INTO affected_artists SELECT DISTINCT m.artist_id FROM matches AS m WHERE m.artist_inferred;

/*
about: remove affected songs
when: not songs
if: affected_songs
*/
DELETE FROM songs WHERE inferred AND song_id IN (SELECT a.song_id FROM affected_songs AS a);

/*
about: remove affected artists
when: not songs
if: affected_artists
*/
DELETE FROM artists WHERE inferred AND artist_id IN (SELECT a.artist_id FROM affected_artists AS a);

/*
about: fill inferred artists
when: not songs
if: affected_artists
*/
INSERT INTO artists SELECT * FROM model.inferred_artists;

/*
about: fill inferred songs
when: not songs
if: affected_songs
*/
INSERT INTO songs SELECT * FROM model.inferred_songs;

/*
about: work out artists
when: songs
*/
CREATE TEMPORARY TABLE new_artists AS SELECT * FROM model.artists;

/*
about: work out songs
when: songs
*/
CREATE TEMPORARY TABLE new_songs AS SELECT * FROM model.songs;

/*
about: artists that go
when: songs
*/
CREATE TEMPORARY TABLE removed_artists AS
SELECT a.artist_id FROM artists AS a
EXCEPT
SELECT n.artist_id FROM new_artists AS n;

/*
about: songs that go
when: songs
*/
CREATE TEMPORARY TABLE removed_songs AS
SELECT s.song_id FROM songs AS s
EXCEPT
SELECT n.song_id FROM new_songs AS n;

/*
about: remove artists that differ
when: songs
*/
DELETE FROM artists
WHERE artist_id IN (
  SELECT d.artist_id
  FROM (
    SELECT a.artist_id, KEY_OF(a.name) AS name, KEY_OF(a.location) AS location, a.latitude, a.longitude, a.inferred
    FROM artists AS a
    EXCEPT
    SELECT n.artist_id, KEY_OF(n.name) AS name, KEY_OF(n.location) AS location, n.latitude, n.longitude, n.inferred
    FROM new_artists AS n
  ) AS d
);

/*
about: fill artists
when: songs
*/
INSERT INTO artists
SELECT n.artist_id, n.name, n.location, n.latitude, n.longitude, n.inferred
FROM new_artists AS n
WHERE n.artist_id NOT IN (SELECT a.artist_id FROM artists AS a);

/*
about: remove songs that differ
when: songs
*/
DELETE FROM songs
WHERE song_id IN (
  SELECT d.song_id
  FROM (
    SELECT s.song_id, KEY_OF(s.title) AS title, KEY_OF(s.artist_id) AS artist_id, s.year, s.duration, s.inferred
    FROM songs AS s
    EXCEPT
    SELECT n.song_id, KEY_OF(n.title) AS title, KEY_OF(n.artist_id) AS artist_id, n.year, n.duration, n.inferred
    FROM new_songs AS n
  ) AS d
);

/*
about: fill songs
when: songs
*/
INSERT INTO songs
SELECT n.song_id, n.title, n.artist_id, n.year, n.duration, n.inferred
FROM new_songs AS n
WHERE n.song_id NOT IN (SELECT s.song_id FROM songs AS s);

/*
about: inferred artists that go
when: not songs
*/
CREATE TEMPORARY TABLE removed_artists AS
SELECT a.artist_id FROM affected_artists AS a
EXCEPT
SELECT k.artist_id FROM artists AS k;

/*
about: inferred songs that go
when: not songs
*/
CREATE TEMPORARY TABLE removed_songs AS
SELECT a.song_id FROM affected_songs AS a
EXCEPT
SELECT k.song_id FROM songs AS k;

/*
about: ids of affected plays
when: not whole_days
*/
CREATE TEMPORARY TABLE affected_ids AS SELECT * FROM model.affected_ids;

/*
about: remove songplays that may change
if: known_plays
*/
DELETE FROM songplays
WHERE IN_SPAN_TIME(start_time) AND songplay_id IN (SELECT SONGPLAY_ID(p) AS songplay_id FROM known_plays AS p);

/* about: fill songplays */
INSERT INTO songplays SELECT * FROM model.songplays;

/*
about: times of affected plays
when: not whole_days
*/
CREATE TEMPORARY TABLE affected_times AS SELECT * FROM model.affected_times;

/*
about: times of plays that come again
when: whole_days
if: known_plays
*/
CREATE TEMPORARY TABLE affected_times AS SELECT DISTINCT FROM_MILLIS(p.ts) AS start_time FROM known_plays AS p;

/* about: times without plays */
CREATE TEMPORARY TABLE removed_time AS SELECT t.start_time FROM "time" AS t WHERE 1 = 0;

/*
about: times at which nothing is played any more
if: known_plays
*/
INSERT INTO removed_time
SELECT t.start_time FROM affected_times AS t
EXCEPT
SELECT s.start_time FROM model.affected_starts AS s;

/*
about: remove times that go
if: removed_time
*/
DELETE FROM "time"
WHERE IN_SPAN_TIME(start_time) AND start_time IN (SELECT r.start_time FROM removed_time AS r);

/* about: fill time */
INSERT INTO "time" SELECT * FROM model.time;
