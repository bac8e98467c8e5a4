-- how many affected plays staging has, and how many of them are duplicates
SELECT
  COALESCE(SUM(p.rows_after), 0) AS plays,
  COALESCE(SUM(CASE WHEN p.rows_after > 1 THEN p.rows_after - 1 ELSE 0 END), 0) AS duplicates
FROM affected_plays AS p;
