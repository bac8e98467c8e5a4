-- Daily, weekly and monthly active users
SELECT
  u.period,
  u.begins,
  u.active_users
FROM (
  SELECT
    1 AS nth,
    'day' AS period,
    CAST(d.day AS DATE) AS begins,
    COUNT(*) AS active_users
  FROM (
    SELECT DISTINCT
      DATE_TRUNC('DAY', p.start_time) AS day,
      p.user_id
    FROM songplays AS p
  ) AS d
  GROUP BY
    d.day
  UNION ALL
  SELECT
    2 AS nth,
    'week' AS period,
    CAST(w.week AS DATE) AS begins,
    COUNT(*) AS active_users
  FROM (
    SELECT DISTINCT
      DATE_TRUNC('WEEK', p.start_time) AS week,
      p.user_id
    FROM songplays AS p
  ) AS w
  GROUP BY
    w.week
  UNION ALL
  SELECT
    3 AS nth,
    'month' AS period,
    CAST(m.month AS DATE) AS begins,
    COUNT(*) AS active_users
  FROM (
    SELECT DISTINCT
      DATE_TRUNC('MONTH', p.start_time) AS month,
      p.user_id
    FROM songplays AS p
  ) AS m
  GROUP BY
    m.month
) AS u
ORDER BY
  u.nth,
  u.begins;
