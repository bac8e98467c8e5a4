-- the rows of affected songs
SELECT
  s.*
FROM songs AS s
WHERE
  s.song_id IN (
    SELECT
      a.song_id
    FROM affected_songs AS a
  );
