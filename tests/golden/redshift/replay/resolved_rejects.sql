-- the open rejects that a replay resolves; records is how many the reject counts for, replayed how many it gets, position the offset of a message
SELECT
  n.file_id,
  n.reject_no,
  n.records,
  p.replay_id,
  p.records AS replayed,
  CASE WHEN n.line = 0 THEN n.reject_no END AS position
FROM numbered_rejects AS n
JOIN etl_replays AS p
  ON p.kind = n.kind
  AND CAST(p.uri AS VARBYTE(65535)) = CAST(n.uri AS VARBYTE(65535))
  AND p.raw_hash = n.raw_hash
  AND p.nth = n.nth
WHERE
  n.resolved_by IS NULL;
