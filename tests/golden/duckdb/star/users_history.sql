-- each user's level over time, one row per change; a user's rows follow each other without gaps
SELECT
  c."userId" AS user_id,
  c.level,
  EPOCH_MS(c.ts) AS valid_from,
  EPOCH_MS(c.next_ts) AS valid_to,
  c.next_ts IS NULL AS current
FROM (
  SELECT
    n."userId",
    n.level,
    n.ts,
    LEAD(n.ts) OVER (PARTITION BY n."userId" ORDER BY n.ts) AS next_ts
  FROM (
    SELECT
      s."userId",
      s.ts,
      s.level,
      LAG(s.level) OVER (PARTITION BY s."userId" ORDER BY s.ts) AS level_before
    FROM level_steps AS s
  ) AS n
  WHERE
    n.level_before IS NULL OR n.level_before <> n.level
) AS c;
