/*
about: how many plays staging has in the days of the span, and how many of them are duplicates
*/
SELECT a.plays, b.duplicates
FROM (SELECT COUNT(*) AS plays FROM staging_events AS p WHERE IN_SPAN(p.ts) AND IS_PLAY(p)) AS a
CROSS JOIN (SELECT COALESCE(SUM(r.rows_after - 1), 0) AS duplicates FROM repeated_plays AS r) AS b
