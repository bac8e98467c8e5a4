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
