-- the users in new or gone files
SELECT DISTINCT
  e."userId" AS user_id
FROM staging_events AS e
WHERE
  NOT e."userId" IS NULL
  AND (
    e.file_id >= :first_new
    OR e.file_id IN (
      SELECT
        g.file_id
      FROM gone_files AS g
    )
  );
