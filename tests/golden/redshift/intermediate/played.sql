-- what was played, each (artist, song, length) once, with the number of its plays. Songs are found for these few thousand, not for millions of plays
SELECT
  CASE WHEN p.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.artist) ELSE p.artist END AS artist,
  CASE WHEN p.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.song) ELSE p.song END AS song,
  CASE WHEN p.length = 0 THEN CAST(0 AS DOUBLE PRECISION) ELSE p.length END AS length,
  COUNT(*) AS plays
FROM plays AS p
GROUP BY
  CASE WHEN p.artist LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.artist) ELSE p.artist END,
  CASE WHEN p.song LIKE '% ' THEN TRIM(TRAILING ' ' FROM p.song) ELSE p.song END,
  CASE WHEN p.length = 0 THEN CAST(0 AS DOUBLE PRECISION) ELSE p.length END;
