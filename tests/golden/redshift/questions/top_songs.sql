-- Top songs
SELECT
  t.song,
  t.artist,
  t.plays,
  COUNT(DISTINCT p.user_id) AS listeners
FROM (
  SELECT
    s.song_id,
    s.title AS song,
    a.name AS artist,
    c.plays,
    ROW_NUMBER() OVER (
      ORDER BY c.plays DESC NULLS LAST, CAST(s.title AS VARBYTE(65535)), CAST(s.song_id AS VARBYTE(65535))
    ) AS nth
  FROM (
    SELECT
      p.song_id,
      COUNT(*) AS plays
    FROM songplays AS p
    GROUP BY
      p.song_id
  ) AS c
  JOIN songs AS s
    ON s.song_id = c.song_id
  JOIN artists AS a
    ON a.artist_id = s.artist_id
) AS t
JOIN songplays AS p
  ON p.song_id = t.song_id
WHERE
  t.nth <= 20
GROUP BY
  t.nth,
  t.song,
  t.artist,
  t.plays
ORDER BY
  t.nth;
