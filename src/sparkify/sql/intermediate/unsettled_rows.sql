/*
about: the levels of unsettled users, over all time
*/
SELECT u."userId", u.ts, u.level
FROM staging_events AS u
JOIN unsettled AS n
  ON n."userId" = u."userId"
