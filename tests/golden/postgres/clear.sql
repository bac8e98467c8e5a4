-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_start_time_fkey;

-- drop the keys of songplays
DROP INDEX IF EXISTS songplays_start_time_idx;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_user_id_fkey;

-- drop the keys of songplays
DROP INDEX IF EXISTS songplays_user_id_idx;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_song_id_fkey;

-- drop the keys of songplays
DROP INDEX IF EXISTS songplays_song_id_idx;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_artist_id_fkey;

-- drop the keys of songplays
DROP INDEX IF EXISTS songplays_artist_id_idx;

-- drop the keys of songplays
ALTER TABLE songplays DROP CONSTRAINT IF EXISTS songplays_pkey;

-- drop the keys of time
ALTER TABLE "time" DROP CONSTRAINT IF EXISTS time_pkey;

-- drop the keys of users_history
ALTER TABLE users_history DROP CONSTRAINT IF EXISTS users_history_user_id_fkey;

-- drop the keys of users_history
DROP INDEX IF EXISTS users_history_user_id_idx;

-- drop the keys of users_history
ALTER TABLE users_history DROP CONSTRAINT IF EXISTS users_history_pkey;

-- drop the keys of users
ALTER TABLE users DROP CONSTRAINT IF EXISTS users_pkey;

-- drop the keys of songs
ALTER TABLE songs DROP CONSTRAINT IF EXISTS songs_artist_id_fkey;

-- drop the keys of songs
DROP INDEX IF EXISTS songs_artist_id_idx;

-- drop the keys of songs
ALTER TABLE songs DROP CONSTRAINT IF EXISTS songs_pkey;

-- drop the keys of artists
ALTER TABLE artists DROP CONSTRAINT IF EXISTS artists_pkey;

-- empty songplays
DELETE FROM songplays;

-- empty time
DELETE FROM "time";

-- empty users_history
DELETE FROM users_history;

-- empty users
DELETE FROM users;

-- empty songs
DELETE FROM songs;

-- empty artists
DELETE FROM artists;

-- empty etl_matches
DELETE FROM etl_matches;

-- empty etl_repairs
DELETE FROM etl_repairs;
