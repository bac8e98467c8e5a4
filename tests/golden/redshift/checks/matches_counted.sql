-- etl_matches counts as many plays as songplays has rows
SELECT
  c.matched,
  c.songplays
FROM (
  SELECT
    (
      SELECT
        COALESCE(SUM(m.plays), 0)
      FROM etl_matches AS m
      WHERE
        m.is_kept
    ) AS matched,
    (
      SELECT
        COUNT(*)
      FROM songplays
    ) AS songplays
) AS c
WHERE
  c.matched <> c.songplays;
