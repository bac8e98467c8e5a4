-- what a replay of each open reject is bound to
SELECT
  n.uri,
  n.reject_no,
  n.file_id,
  n.kind,
  n.raw_hash,
  n.nth
FROM numbered_rejects AS n
WHERE
  n.resolved_by IS NULL;
