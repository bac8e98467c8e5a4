/* The tables themselves, and the record of them, etl_tables. */

-- made: the tables that Sparkify made, their columns, and the layout that they are of
SELECT table_name, column_names, layout
FROM etl_tables;

-- clear_made: forget which tables were made
DELETE FROM etl_tables;

-- record_made: a table that was made
INSERT INTO etl_tables (table_name, column_names, layout)
VALUES (?, ?, ?);

-- count_rows: rows of a table
SELECT COUNT(*)
FROM counted_table;

-- drop: drop a table
DROP TABLE dropped_table;

-- keep_old: the rows of a table whose columns change
CREATE TEMPORARY TABLE old_table AS
SELECT * FROM changed_table;

-- give_back: put rows into a table that was made again
INSERT INTO changed_table (table_columns)
SELECT * FROM given_rows;

-- replayed_as_files: files of fixed records that version 0.1.0 loaded as files of their own
SELECT DISTINCT f.uri
FROM etl_files AS f
JOIN etl_rejects AS r
  ON r.resolved_by = f.file_id
ORDER BY f.uri;

-- try_writing: a table that is made and taken back, which proves that the warehouse can be written to
CREATE TABLE probe_table (id INTEGER);
