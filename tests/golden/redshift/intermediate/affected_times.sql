-- the times of affected plays
SELECT DISTINCT
  DATEADD(
    MILLISECOND,
    CAST(p.ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(p.ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
  ) AS start_time
FROM affected_plays AS p;
