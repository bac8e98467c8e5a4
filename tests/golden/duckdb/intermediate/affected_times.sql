-- the times of affected plays
SELECT DISTINCT
  EPOCH_MS(p.ts) AS start_time
FROM affected_plays AS p;
