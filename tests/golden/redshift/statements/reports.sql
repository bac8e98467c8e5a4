-- files that were read, and rejects in them
SELECT COUNT(*), COALESCE(SUM(rejected), 0) FROM etl_files;

-- the first and the last play
SELECT MIN(start_time), MAX(start_time) FROM songplays;

-- a play by its id
SELECT s.play_columns FROM songplays AS s WHERE s.songplay_id = ?;

-- the plays of a user in a session, in the order of time
SELECT songplay_id FROM songplays WHERE user_id = ? AND session_id = ? ORDER BY start_time;

-- the rows in staging that are a play, the first one first
SELECT p.event_columns, p.position, p.file_id FROM staging_events AS p WHERE (p.page = 'NextSong' OR (p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong')) AND p.ts = :ts AND p."userId" = :user_id AND p."sessionId" = :session_id AND p."itemInSession" = :item ORDER BY p.ts ASC, p."sessionId" ASC, p."itemInSession" ASC, p."userId" ASC, CAST(p.page AS VARBYTE(65535)) ASC, CAST(p.level AS VARBYTE(65535)) ASC, CAST(p.auth AS VARBYTE(65535)) ASC, CAST(p.method AS VARBYTE(65535)) ASC, p.status ASC, CAST(p."firstName" AS VARBYTE(65535)) ASC, CAST(p."lastName" AS VARBYTE(65535)) ASC, CAST(p.gender AS VARBYTE(65535)) ASC, CAST(p.location AS VARBYTE(65535)) ASC, CAST(p."userAgent" AS VARBYTE(65535)) ASC, p.registration ASC, CAST(p.artist AS VARBYTE(65535)) ASC, CAST(p.song AS VARBYTE(65535)) ASC, p.length ASC;

-- the song of a title, an artist and a length
SELECT m.song_id, m.artist_id, m.song_inferred, m.artist_inferred FROM etl_matches AS m WHERE m.song = ? AND m.artist = ? AND COALESCE(m.length, 0) = COALESCE(CAST(? AS DOUBLE PRECISION), 0) AND (m.length IS NULL) = ?;

-- rows of staging, with where the file is in the place of its number
SELECT s.record_columns, f.uri FROM staging_table AS s JOIN etl_files AS f ON f.file_id = s.file_id;

-- rows of a table of the star
SELECT s.table_columns FROM star_table AS s;

-- rejects by place and reason
SELECT f.uri, r.line, r.byte_offset, r.field, r.reason FROM etl_rejects AS r JOIN etl_files AS f ON f.file_id = r.file_id;

-- the settings that the star was built with
SELECT setting, setting_value FROM etl_settings;

-- the replays that gave a play of an identity to a file, each with the reject in whose place it stands
SELECT p.replay_id, p.run_id, j.reject_no, j.line, j.byte_offset, r.event_columns FROM etl_replayed_events AS r JOIN etl_replays AS p ON p.replay_id = r.replay_id JOIN etl_rejects AS j ON j.resolved_by = p.replay_id WHERE j.file_id = ? AND r.ts = :ts AND r."userId" = :user_id AND r."sessionId" = :session_id AND r."itemInSession" = :item ORDER BY p.replay_id;
