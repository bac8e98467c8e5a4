-- the days in which the rows of a chunk lie, by their first millisecond: its span
SELECT DISTINCT
  e.ts - e.ts % 86400000 AS day
FROM chunk_events AS e;
