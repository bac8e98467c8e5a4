/*
about: what was played, each (artist, song, length) once, with the number of its plays. Songs are found for these few
  thousand, not for millions of plays
*/
SELECT
  TRIMMED(p.artist) AS artist,
  TRIMMED(p.song) AS song,
  UNSIGNED_ZERO(p.length) AS length,
  COUNT(*) AS plays
FROM plays AS p
GROUP BY TRIMMED(p.artist), TRIMMED(p.song), UNSIGNED_ZERO(p.length)
