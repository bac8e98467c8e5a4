-- the times of affected plays
SELECT DISTINCT
  (
    CAST('1970-01-01 00:00:00' AS TIMESTAMP) + p.ts / 1000 * INTERVAL '1 SECOND' + p.ts % 1000 * INTERVAL '1 MILLISECOND'
  ) AS start_time
FROM affected_plays AS p;
