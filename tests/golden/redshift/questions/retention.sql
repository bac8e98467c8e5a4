-- Retention of weekly cohorts
SELECT
  r.cohort,
  r.weeks_later,
  r.users,
  z.users AS cohort_users,
  CAST(r.users AS DOUBLE PRECISION) / z.users AS share
FROM (
  SELECT
    CAST(f.first_week AS DATE) AS cohort,
    CAST(CAST((
      DATEDIFF(MILLISECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), w.week) - DATEDIFF(MILLISECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), f.first_week)
    ) AS DOUBLE PRECISION) / 604800000 AS INTEGER) AS weeks_later,
    COUNT(*) AS users
  FROM (
    SELECT DISTINCT
      p.user_id,
      DATE_TRUNC('WEEK', p.start_time) AS week
    FROM songplays AS p
  ) AS w
  JOIN (
    SELECT
      p.user_id,
      DATE_TRUNC('WEEK', MIN(p.start_time)) AS first_week
    FROM songplays AS p
    GROUP BY
      p.user_id
  ) AS f
    ON f.user_id = w.user_id
  GROUP BY
    f.first_week,
    w.week
) AS r
JOIN (
  SELECT
    CAST(f.first_week AS DATE) AS cohort,
    COUNT(*) AS users
  FROM (
    SELECT
      p.user_id,
      DATE_TRUNC('WEEK', MIN(p.start_time)) AS first_week
    FROM songplays AS p
    GROUP BY
      p.user_id
  ) AS f
  GROUP BY
    f.first_week
) AS z
  ON z.cohort = r.cohort
ORDER BY
  r.cohort,
  r.weeks_later;
