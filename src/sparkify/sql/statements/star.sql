/* What is asked of the star, and of the tables that a chunk makes, beside the scripts in transform/. */

-- has_rows: whether a table has rows
SELECT 1
FROM asked_table
LIMIT 1;

-- empty: remove all rows of a table
DELETE FROM asked_table;

-- drop: drop a temporary table
DROP TABLE asked_table;

-- keep_repairs: write down what a name says; more pairs may follow
INSERT INTO etl_repairs (raw_text, repaired_text)
VALUES (?, ?);

-- first_bad_rows: the first rows that a check found
SELECT *
FROM found_rows AS bad
LIMIT :most;

-- count_bad_rows: how many rows a check found
SELECT COUNT(*) AS bad_rows
FROM found_rows AS bad;

-- keys_of_bad_rows: what tells the rows that a check found from each other
SELECT bad.key_columns
FROM found_rows AS bad
LIMIT :most;

-- name_song: the id of an inferred song
UPDATE matched_songs
SET song_id = ?
WHERE song_inferred AND artist = ? AND song = ?;
