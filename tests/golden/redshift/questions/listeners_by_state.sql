-- Where listeners are, by state
SELECT
  w.state,
  CAST(SUM(w.plays) AS BIGINT) AS plays,
  COUNT(DISTINCT w.user_id) AS listeners
FROM (
  SELECT
    l.user_id,
    l.plays,
    COALESCE(NULLIF(SPLIT_PART(SPLIT_PART(l.location, ', ', 2), '-', 1), ''), 'unknown') AS state
  FROM (
    SELECT
      p.user_id,
      p.location,
      COUNT(*) AS plays
    FROM songplays AS p
    GROUP BY
      p.user_id,
      p.location
  ) AS l
) AS w
GROUP BY
  w.state
ORDER BY
  plays DESC NULLS LAST,
  CAST(w.state AS VARBYTE(65535));
