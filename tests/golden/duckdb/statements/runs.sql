-- runs that nobody ended were interrupted; the one writer asks, so that none of them is alive
UPDATE etl_runs SET state = 'interrupted', reason = 'the process ended without saying why' WHERE state = 'running';

-- the number of the next run
SELECT COALESCE(MAX(run_id), 0) + 1 FROM etl_runs;

-- a run that begins
INSERT INTO etl_runs (run_id, started_at, state, reason, accepted, files, removed, records, rejected, seconds, version, settings) VALUES (?, ?, 'running', '', '', 0, 0, 0, 0, 0, ?, ?);

-- whether the history has a row
SELECT 1 FROM etl_runs WHERE run_id = ? AND started_at = ?;

-- go on with a row
UPDATE etl_runs SET state = 'running', reason = '' WHERE run_id = ?;

-- count a chunk
UPDATE etl_runs SET files = files + ?, removed = removed + ?, records = records + ?, rejected = rejected + ? WHERE run_id = ?;

-- losses of messages that the user has accepted so far
SELECT accepted FROM etl_runs WHERE run_id = ?;

-- write them down
UPDATE etl_runs SET accepted = ? WHERE run_id = ?;

-- how a run ended
UPDATE etl_runs SET state = ?, reason = ?, finished_at = ?, seconds = ? WHERE run_id = ?;

-- the latest runs, the last one first
SELECT run_id, started_at, state, files, records, rejected, seconds, CASE WHEN seconds > 0 THEN records / seconds ELSE 0 END AS records_per_second, version, reason, accepted, settings FROM etl_runs ORDER BY run_id DESC LIMIT :most;

-- the last run
SELECT run_id, state, started_at, reason FROM etl_runs ORDER BY run_id DESC LIMIT 1;

-- the settings of the last run that was done
SELECT settings FROM etl_runs WHERE state = 'done' ORDER BY run_id DESC LIMIT 1;
