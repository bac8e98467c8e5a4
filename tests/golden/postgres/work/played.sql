-- what was played, each (artist, song, length) once, with the number of its plays. Songs are found for these few thousand, not for millions of plays
SELECT
  TRIM(TRAILING ' ' FROM p.artist) AS artist,
  TRIM(TRAILING ' ' FROM p.song) AS song,
  p.length,
  COUNT(*) AS plays
FROM plays AS p
GROUP BY
  TRIM(TRAILING ' ' FROM p.artist),
  TRIM(TRAILING ' ' FROM p.song),
  p.length;
