-- what was repaired in the plays, the records of the catalogue and the users that are new or changed
SELECT
  a.raw_text AS text_1,
  t.raw_text AS text_2,
  CAST(NULL AS TEXT) AS text_3,
  p.plays AS row_count
FROM played_here AS p
LEFT JOIN etl_repairs AS a
  ON a.raw_text = p.artist
LEFT JOIN etl_repairs AS t
  ON t.raw_text = p.song
WHERE
  NOT a.raw_text IS NULL OR NOT t.raw_text IS NULL
UNION ALL
SELECT
  a.raw_text AS text_1,
  t.raw_text AS text_2,
  l.raw_text AS text_3,
  1 AS row_count
FROM suspect_songs AS s
LEFT JOIN etl_repairs AS a
  ON a.raw_text = s.artist_name
LEFT JOIN etl_repairs AS t
  ON t.raw_text = s.title
LEFT JOIN etl_repairs AS l
  ON l.raw_text = s.artist_location
WHERE
  NOT a.raw_text IS NULL OR NOT t.raw_text IS NULL OR NOT l.raw_text IS NULL
UNION ALL
SELECT
  f.raw_text AS text_1,
  l.raw_text AS text_2,
  CAST(NULL AS TEXT) AS text_3,
  1 AS row_count
FROM last_events AS e
LEFT JOIN etl_repairs AS f
  ON f.raw_text = e."firstName"
LEFT JOIN etl_repairs AS l
  ON l.raw_text = e."lastName"
WHERE
  NOT f.raw_text IS NULL OR NOT l.raw_text IS NULL;
