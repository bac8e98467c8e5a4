-- the events in the days of the span
SELECT
  e.*
FROM staging_events AS e
WHERE
  IN_SPAN(e.ts);
