-- What came before an upgrade or a downgrade
SELECT
  g.direction,
  g.page,
  g.changes_after,
  n.changes,
  CAST(g.changes_after AS DOUBLE PRECISION) / n.changes AS share
FROM (
  SELECT
    c.direction,
    e.page,
    COUNT(DISTINCT c.nth) AS changes_after
  FROM (
    SELECT
      ROW_NUMBER() OVER (ORDER BY h.user_id, h.valid_from) AS nth,
      h.user_id,
      DATEDIFF(MILLISECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), h.valid_from) AS changed,
      CASE WHEN h.level = 'paid' THEN 'upgrade' ELSE 'downgrade' END AS direction
    FROM users_history AS h
    JOIN users_history AS b
      ON b.user_id = h.user_id AND b.valid_to = h.valid_from
  ) AS c
  JOIN staging_events AS e
    ON e."userId" = c.user_id AND e.ts < c.changed AND e.ts >= c.changed - 86400000
  WHERE
    NOT (
      e.page = 'NextSong'
      OR (
        e.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM e.page) = 'NextSong'
      )
    )
  GROUP BY
    c.direction,
    e.page
) AS g
JOIN (
  SELECT
    CASE WHEN h.level = 'paid' THEN 'upgrade' ELSE 'downgrade' END AS direction,
    COUNT(*) AS changes
  FROM users_history AS h
  JOIN users_history AS b
    ON b.user_id = h.user_id AND b.valid_to = h.valid_from
  GROUP BY
    CASE WHEN h.level = 'paid' THEN 'upgrade' ELSE 'downgrade' END
) AS n
  ON n.direction = g.direction
ORDER BY
  CAST(g.direction AS VARBYTE(65535)) DESC NULLS LAST,
  g.changes_after DESC NULLS LAST,
  CAST(g.page AS VARBYTE(65535));
