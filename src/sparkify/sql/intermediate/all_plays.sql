/*
about: every play of staging, duplicates included
*/
SELECT p.*
FROM staging_events AS p
WHERE IS_PLAY(p)
