-- what was played of affected songs
SELECT
  m.*
FROM etl_matches AS m
WHERE
  m.song_id IN (
    SELECT
      a.song_id
    FROM affected_songs AS a
  );
