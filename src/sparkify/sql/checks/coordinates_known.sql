/*
about: no artist is at latitude 0 and longitude 0, which stands for an unknown place in other systems
severity: warning
key: artist_id
*/
SELECT a.artist_id, a.name
FROM artists_affected AS a
WHERE a.latitude = 0 AND a.longitude = 0
