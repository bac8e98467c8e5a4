-- when affected users had their last events, those apart whose last event is outside of what is affected
SELECT
  t."userId",
  t.ts
FROM model.last_times AS t
LEFT JOIN (
  SELECT
    u.user_id,
    CAST(EXTRACT(EPOCH FROM u.last_seen_at) * 1000 AS BIGINT) AS ts
  FROM users AS u
) AS k
  ON k.user_id = t."userId"
LEFT JOIN user_days AS d
  ON d."userId" = t."userId" AND d.day = k.ts - k.ts % 86400000
WHERE
  k.user_id IS NULL OR t.ts >= k.ts OR NOT d.day IS NULL;
