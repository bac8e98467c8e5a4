-- The service in figures
SELECT
  CAST(COALESCE(SUM(s.plays), 0) AS BIGINT) AS plays,
  COUNT(DISTINCT s.user_id) AS listeners,
  COUNT(*) AS sessions,
  (
    SELECT
      COUNT(DISTINCT p.song_id)
    FROM songplays AS p
  ) AS songs_played,
  (
    SELECT
      COUNT(DISTINCT p.artist_id)
    FROM songplays AS p
  ) AS artists_played,
  CAST(SUM(s.paid_plays) AS DOUBLE PRECISION) / NULLIF(SUM(s.plays), 0) AS paid_share,
  CAST(MIN(s.began) AS DATE) AS first_day,
  CAST(MAX(s.ended) AS DATE) AS last_day
FROM (
  SELECT
    p.user_id,
    p.session_id,
    COUNT(*) AS plays,
    COUNT(CASE WHEN p.level = 'paid' THEN 1 END) AS paid_plays,
    MIN(p.start_time) AS began,
    MAX(p.start_time) AS ended
  FROM songplays AS p
  GROUP BY
    p.user_id,
    p.session_id
) AS s;
