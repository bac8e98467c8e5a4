-- Top artists
SELECT
  t.artist,
  t.plays,
  COUNT(DISTINCT p.user_id) AS listeners,
  COUNT(DISTINCT p.song_id) AS songs_played
FROM (
  SELECT
    a.artist_id,
    a.name AS artist,
    c.plays,
    ROW_NUMBER() OVER (
      ORDER BY c.plays DESC NULLS LAST, CAST(a.name AS VARBYTE(65535)), CAST(a.artist_id AS VARBYTE(65535))
    ) AS nth
  FROM (
    SELECT
      p.artist_id,
      COUNT(*) AS plays
    FROM songplays AS p
    GROUP BY
      p.artist_id
  ) AS c
  JOIN artists AS a
    ON a.artist_id = c.artist_id
) AS t
JOIN songplays AS p
  ON p.artist_id = t.artist_id
WHERE
  t.nth <= 20
GROUP BY
  t.nth,
  t.artist,
  t.plays
ORDER BY
  t.nth;
