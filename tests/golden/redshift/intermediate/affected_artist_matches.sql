-- what was played of affected artists
SELECT
  m.*
FROM etl_matches AS m
WHERE
  m.artist_id IN (
    SELECT
      a.artist_id
    FROM affected_artists AS a
  );
