-- what was repaired in the plays, the records of the catalogue and the users that are new or changed
SELECT
  a.raw_text AS text_1,
  t.raw_text AS text_2,
  CAST(NULL AS TEXT) AS text_3,
  p.plays AS row_count
FROM played_now AS p
LEFT JOIN repairs AS a
  ON a.raw_text = p.artist
LEFT JOIN repairs AS t
  ON t.raw_text = p.song
WHERE
  NOT a.raw_text IS NULL OR NOT t.raw_text IS NULL
UNION ALL
SELECT
  a.raw_text AS text_1,
  t.raw_text AS text_2,
  l.raw_text AS text_3,
  1 AS row_count
FROM staging_songs AS s
LEFT JOIN repairs AS a
  ON a.raw_text = s.artist_name
LEFT JOIN repairs AS t
  ON t.raw_text = s.title
LEFT JOIN repairs AS l
  ON l.raw_text = s.artist_location
WHERE
  s.file_id >= :first_new
  AND (
    NOT a.raw_text IS NULL OR NOT t.raw_text IS NULL OR NOT l.raw_text IS NULL
  )
UNION ALL
SELECT
  f.raw_text AS text_1,
  l.raw_text AS text_2,
  CAST(NULL AS TEXT) AS text_3,
  1 AS row_count
FROM last_events AS e
LEFT JOIN repairs AS f
  ON f.raw_text = e."firstName"
LEFT JOIN repairs AS l
  ON l.raw_text = e."lastName"
WHERE
  NOT f.raw_text IS NULL OR NOT l.raw_text IS NULL;
