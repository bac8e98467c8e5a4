-- each user's level over time, one row per change; a user's rows follow each other without gaps
SELECT
  c."userId" AS user_id,
  c.level,
  DATEADD(
    MILLISECOND,
    CAST(c.ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(c.ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
  ) AS valid_from,
  DATEADD(
    MILLISECOND,
    CAST(c.next_ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(c.next_ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
  ) AS valid_to,
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
