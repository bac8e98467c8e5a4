-- users who end a day on another level than before, while they have later events: the first of those may be a change of level now, and the history does not show when it was
SELECT DISTINCT
  d."userId"
FROM late_days AS d
LEFT JOIN (
  SELECT
    l."userId",
    l.day_end,
    s.level,
    ROW_NUMBER() OVER (PARTITION BY l."userId", l.day_end ORDER BY s.ts DESC NULLS LAST) AS nth
  FROM late_days AS l
  JOIN model.kept_steps AS s
    ON s."userId" = l."userId" AND s.ts < l.day_end
) AS n
  ON n."userId" = d."userId" AND n.day_end = d.day_end AND n.nth = 1
LEFT JOIN users_history AS h
  ON h.user_id = d."userId"
  AND DATEDIFF(MILLISECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), h.valid_from) < d.day_end
  AND (
    h.valid_to IS NULL
    OR DATEDIFF(MILLISECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), h.valid_to) >= d.day_end
  )
WHERE
  COALESCE(n.level, '') <> COALESCE(h.level, '');
