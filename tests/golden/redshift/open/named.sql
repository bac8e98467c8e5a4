-- the files of a state of which something is open, by URI
SELECT
  o.uri,
  o.failure
FROM open_files AS o
WHERE
  o.state = 'loaded'
ORDER BY
  CAST(o.uri AS VARBYTE(65535));
