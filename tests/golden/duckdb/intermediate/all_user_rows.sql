-- the level of every event of a user
SELECT
  u."userId",
  u.ts,
  u.level
FROM staging_events AS u
WHERE
  NOT u."userId" IS NULL;
