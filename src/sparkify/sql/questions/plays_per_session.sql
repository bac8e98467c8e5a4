/*
title: Plays per session
why: An average hides two kinds of visit: the one that ends at the first song, and the one that fills an evening
chart: bar, x sessions, y plays_in_session
order: 90
*/
SELECT
  CASE s.bucket
    WHEN 1 THEN '1'
    WHEN 2 THEN '2 to 5'
    WHEN 3 THEN '6 to 10'
    WHEN 4 THEN '11 to 20'
    WHEN 5 THEN '21 to 50'
    WHEN 6 THEN '51 to 100'
    ELSE 'over 100'
  END AS plays_in_session,
  COUNT(*) AS sessions,
  CAST(SUM(s.plays) AS BIGINT) AS plays
FROM (
  SELECT
    c.plays,
    CASE
      WHEN c.plays = 1 THEN 1
      WHEN c.plays <= 5 THEN 2
      WHEN c.plays <= 10 THEN 3
      WHEN c.plays <= 20 THEN 4
      WHEN c.plays <= 50 THEN 5
      WHEN c.plays <= 100 THEN 6
      ELSE 7
    END AS bucket
  FROM (
    SELECT p.user_id, p.session_id, COUNT(*) AS plays
    FROM songplays AS p
    GROUP BY p.user_id, p.session_id
  ) AS c
) AS s
GROUP BY s.bucket
ORDER BY s.bucket
