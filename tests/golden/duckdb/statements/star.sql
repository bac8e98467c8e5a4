-- whether a table has rows
SELECT 1 FROM asked_table LIMIT 1;

-- remove all rows of a table
DELETE FROM asked_table;

-- drop a temporary table
DROP TABLE asked_table;

-- write down what a name says; more pairs may follow
INSERT INTO etl_repairs (raw_text, repaired_text) VALUES (?, ?);

-- the first rows that a check found
SELECT * FROM found_rows AS bad LIMIT :most;

-- how many rows a check found
SELECT COUNT(*) AS bad_rows FROM found_rows AS bad;

-- what tells the rows that a check found from each other
SELECT bad.key_columns FROM found_rows AS bad LIMIT :most;

-- the id of an inferred song
UPDATE matched_songs SET song_id = ? WHERE song_inferred AND artist = ? AND song = ?;
