-- each user's level over time, one row per change; a user's rows follow each other without gaps
SELECT
  c."userId" AS user_id,
  c.level,
  EPOCH_MS(c.ts) AS valid_from,
  EPOCH_MS(c.next_ts) AS valid_to,
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
        CASE WHEN e.level LIKE '% ' THEN RTRIM(e.level, ' ') ELSE e.level END AS level
      FROM (
        SELECT
          u."userId",
          u.ts,
          u.level,
          ROW_NUMBER() OVER (
            PARTITION BY u."userId", u.ts
            ORDER BY u.ts DESC NULLS FIRST, u."sessionId" DESC NULLS FIRST, u."itemInSession" DESC NULLS FIRST, u."userId" DESC NULLS FIRST, u.page DESC NULLS FIRST, u.level DESC NULLS FIRST, u.auth DESC NULLS FIRST, u.method DESC NULLS FIRST, u.status DESC NULLS FIRST, u."firstName" DESC NULLS FIRST, u."lastName" DESC NULLS FIRST, u.gender DESC NULLS FIRST, u.location DESC NULLS FIRST, u."userAgent" DESC NULLS FIRST, u.registration DESC NULLS FIRST, u.artist DESC NULLS FIRST, u.song DESC NULLS FIRST, u.length DESC NULLS FIRST
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
