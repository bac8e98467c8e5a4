/*
about: how many files failed, how many others have open rejects, and how many records these count for
*/
SELECT o.state, COUNT(*) AS files, SUM(o.records) AS records
FROM open_files AS o
GROUP BY o.state
