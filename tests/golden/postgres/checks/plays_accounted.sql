-- every play of staging is in songplays, or a duplicate of one that is, or dropped by unknown_songs = drop
SELECT
  c.plays,
  c.songplays,
  c.duplicates,
  c.dropped
FROM (
  SELECT
    p.plays,
    p.duplicates,
    (
      SELECT
        COUNT(*)
      FROM songplays_affected
    ) AS songplays,
    (
      SELECT
        COALESCE(SUM(d.plays), 0)
      FROM dropped_plays AS d
    ) AS dropped
  FROM play_counts AS p
) AS c
WHERE
  c.plays <> c.songplays + c.duplicates + c.dropped;
