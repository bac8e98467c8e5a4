/*
about: at least 95 % of the plays find their song in the catalogue
severity: warning
*/
SELECT
  c.plays,
  c.catalogued,
  ROUND(CAST(100.0 * c.catalogued / c.plays AS DECIMAL(9, 4)), 2) AS percent
FROM (
  SELECT
    CAST(SUM(m.plays) AS BIGINT) AS plays,
    CAST(SUM(CASE WHEN m.song_inferred OR m.song_id IS NULL THEN 0 ELSE m.plays END) AS BIGINT) AS catalogued
  FROM matches_here AS m
) AS c
WHERE c.catalogued < 0.95 * c.plays
