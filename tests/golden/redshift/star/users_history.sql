-- each user's level over time, one row per change; a user's rows follow each other without gaps
SELECT
  c."userId" AS user_id,
  c.level,
  DATEADD(
    MILLISECOND,
    CAST(c.ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(c.ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
  ) AS valid_from,
  DATEADD(
    MILLISECOND,
    CAST(c.next_ts % 86400000 AS INTEGER),
    DATEADD(DAY, CAST(c.next_ts / 86400000 AS INTEGER), CAST('1970-01-01 00:00:00' AS TIMESTAMP))
  ) AS valid_to,
  c.next_ts IS NULL AS current
FROM (
  SELECT
    n."userId",
    n.level,
    n.ts,
    LEAD(n.ts) OVER (PARTITION BY n."userId" ORDER BY n.ts) AS next_ts
  FROM (
    SELECT
      s."userId",
      s.ts,
      s.level,
      LAG(s.level) OVER (PARTITION BY s."userId" ORDER BY s.ts) AS level_before
    FROM (
      SELECT
        d."userId",
        d.ts,
        d.level
      FROM level_days AS d
      WHERE
        d.level = d.last_level
      UNION ALL
      SELECT
        m."userId",
        m.ts,
        m.level
      FROM level_moments AS m
      WHERE
        m.level = m.last_level
      UNION ALL
      SELECT
        e."userId",
        e.ts,
        CASE WHEN e.level LIKE '% ' THEN TRIM(TRAILING ' ' FROM e.level) ELSE e.level END AS level
      FROM (
        SELECT
          u."userId",
          u.ts,
          u.level,
          ROW_NUMBER() OVER (
            PARTITION BY u."userId", u.ts
            ORDER BY u.ts DESC, u."sessionId" DESC, u."itemInSession" DESC, u."userId" DESC, (
              u.page || CHR(  1)
            ) DESC, (
              u.level || CHR(  1)
            ) DESC, (
              u.auth || CHR(  1)
            ) DESC, (
              u.method || CHR(  1)
            ) DESC, u.status DESC, (
              u."firstName" || CHR(  1)
            ) DESC, (
              u."lastName" || CHR(  1)
            ) DESC, (
              u.gender || CHR(  1)
            ) DESC, (
              u.location || CHR(  1)
            ) DESC, (
              u."userAgent" || CHR(  1)
            ) DESC, u.registration DESC, (
              u.artist || CHR(  1)
            ) DESC, (
              u.song || CHR(  1)
            ) DESC, u.length DESC
          ) AS nth
        FROM staging_events AS u
        JOIN level_moments AS m
          ON m."userId" = u."userId" AND m.ts = u.ts
        WHERE
          m.level <> m.last_level
      ) AS e
      WHERE
        e.nth = 1
    ) AS s
  ) AS n
  WHERE
    n.level_before IS NULL OR n.level_before <> n.level
) AS c;
