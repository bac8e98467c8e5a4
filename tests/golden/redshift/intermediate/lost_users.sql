-- users whose last event went, with all others of that day: staging alone knows which is the last now
SELECT
  d."userId"
FROM user_days AS d
JOIN users AS u
  ON u.user_id = d."userId"
  AND d.day = DATEDIFF(MILLISECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), u.last_seen_at) - DATEDIFF(MILLISECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), u.last_seen_at) % 86400000
LEFT JOIN (
  SELECT
    l."userId",
    MAX(l.day) AS day
  FROM level_days AS l
  GROUP BY
    l."userId"
) AS k
  ON k."userId" = d."userId"
WHERE
  k.day IS NULL OR k.day < d.day;
