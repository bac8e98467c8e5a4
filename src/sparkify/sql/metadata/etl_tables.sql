/*
about: the tables that Sparkify made here; a table that is not among them is never changed or dropped
key: table_name
columns:
  table_name    VARCHAR  not null  name of the table
  column_names  VARCHAR  not null  its columns, in order, separated by commas
  layout        BIGINT   not null  version of the layout of all tables; goes up when a table or a column is added
*/
