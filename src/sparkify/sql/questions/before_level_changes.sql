/*
title: What came before an upgrade or a downgrade
why: What moves people: the pages, other than plays, that users saw in the 24 hours before their level changed, and the
  share of the changes that each came before
chart: bar, x share, y page, color direction
order: 140
*/
SELECT
  g.direction,
  g.page,
  g.changes_after,
  n.changes,
  CAST(g.changes_after AS DOUBLE) / n.changes AS share
FROM (
  SELECT c.direction, e.page, COUNT(DISTINCT c.nth) AS changes_after
  FROM (
    SELECT
      ROW_NUMBER() OVER (ORDER BY h.user_id, h.valid_from) AS nth,
      h.user_id,
      TO_MILLIS(h.valid_from) AS changed,
      CASE WHEN h.level = 'paid' THEN 'upgrade' ELSE 'downgrade' END AS direction
    FROM users_history AS h
    JOIN users_history AS b
      ON b.user_id = h.user_id AND b.valid_to = h.valid_from
  ) AS c
  JOIN staging_events AS e
    ON e."userId" = c.user_id AND e.ts < c.changed AND e.ts >= c.changed - 86400000
  WHERE NOT IS_PLAY(e)
  GROUP BY c.direction, e.page
) AS g
JOIN (
  SELECT
    CASE WHEN h.level = 'paid' THEN 'upgrade' ELSE 'downgrade' END AS direction,
    COUNT(*) AS changes
  FROM users_history AS h
  JOIN users_history AS b
    ON b.user_id = h.user_id AND b.valid_to = h.valid_from
  GROUP BY CASE WHEN h.level = 'paid' THEN 'upgrade' ELSE 'downgrade' END
) AS n
  ON n.direction = g.direction
ORDER BY BYTEWISE(g.direction) DESC, g.changes_after DESC, BYTEWISE(g.page)
