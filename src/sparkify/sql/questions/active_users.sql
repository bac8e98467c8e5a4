/*
title: Daily, weekly and monthly active users
why: Reach and habit: users who played at least one song in a day, a week (from Monday) and a calendar month.
  The first and the last week and month may be incomplete
chart: line, x begins, y active_users, color period
order: 70
*/
SELECT u.period, u.begins, u.active_users
FROM (
  SELECT 1 AS nth, 'day' AS period, CAST(d.day AS DATE) AS begins, COUNT(*) AS active_users
  FROM (
    SELECT DISTINCT DATE_TRUNC('day', p.start_time) AS day, p.user_id
    FROM songplays AS p
  ) AS d
  GROUP BY d.day
  UNION ALL
  SELECT 2 AS nth, 'week' AS period, CAST(w.week AS DATE) AS begins, COUNT(*) AS active_users
  FROM (
    SELECT DISTINCT DATE_TRUNC('week', p.start_time) AS week, p.user_id
    FROM songplays AS p
  ) AS w
  GROUP BY w.week
  UNION ALL
  SELECT 3 AS nth, 'month' AS period, CAST(m.month AS DATE) AS begins, COUNT(*) AS active_users
  FROM (
    SELECT DISTINCT DATE_TRUNC('month', p.start_time) AS month, p.user_id
    FROM songplays AS p
  ) AS m
  GROUP BY m.month
) AS u
ORDER BY u.nth, u.begins
