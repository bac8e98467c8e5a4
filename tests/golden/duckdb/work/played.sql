-- what was played, each (artist, song, length) once, with the number of its plays. Songs are found for these few thousand, not for millions of plays
SELECT
  RTRIM(p.artist, ' ') AS artist,
  RTRIM(p.song, ' ') AS song,
  p.length,
  COUNT(*) AS plays
FROM plays AS p
GROUP BY
  RTRIM(p.artist, ' '),
  RTRIM(p.song, ' '),
  p.length;
