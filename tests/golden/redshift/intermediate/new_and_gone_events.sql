-- the events of new files, and of files that go
SELECT
  e.*
FROM staging_events AS e
WHERE
  e.file_id >= :first_new
UNION ALL
SELECT
  e.*
FROM staging_events AS e
WHERE
  e.file_id IN (
    SELECT
      g.file_id
    FROM gone_files AS g
  );
