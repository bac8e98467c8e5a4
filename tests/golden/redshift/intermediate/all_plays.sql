-- every play of staging, duplicates included
SELECT
  p.*
FROM staging_events AS p
WHERE
  (
    p.page = 'NextSong'
    OR (
      p.page LIKE 'NextSong %' AND TRIM(TRAILING ' ' FROM p.page) = 'NextSong'
    )
  );
