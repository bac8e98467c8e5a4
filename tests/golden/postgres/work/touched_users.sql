-- the users in new or gone files, and since when (milliseconds) an event may be their last: since the last one that was known, or since ever if that one may be gone
SELECT
  t."userId" AS user_id,
  CASE
    WHEN u.user_id IS NULL
    OR g.ts >= CAST(EXTRACT(EPOCH FROM u.last_seen_at) * 1000 AS BIGINT)
    THEN 0
    ELSE CAST(EXTRACT(EPOCH FROM u.last_seen_at) * 1000 AS BIGINT)
  END AS since
FROM (
  SELECT DISTINCT
    e."userId"
  FROM staging_events AS e
  WHERE
    NOT e."userId" IS NULL
    AND (
      e.file_id >= :first_new
      OR e.file_id IN (
        SELECT
          g.file_id
        FROM gone_files AS g
      )
    )
) AS t
LEFT JOIN users AS u
  ON u.user_id = t."userId"
LEFT JOIN (
  SELECT
    e."userId",
    MAX(e.ts) AS ts
  FROM staging_events AS e
  WHERE
    e.file_id IN (
      SELECT
        g.file_id
      FROM gone_files AS g
    )
  GROUP BY
    e."userId"
) AS g
  ON g."userId" = t."userId";
