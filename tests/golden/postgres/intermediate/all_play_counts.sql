-- how many plays staging has, and how many of them are duplicates
SELECT
  a.plays,
  b.duplicates
FROM (
  SELECT
    COUNT(*) AS plays
  FROM model.all_plays AS p
) AS a
CROSS JOIN (
  SELECT
    COALESCE(SUM(d.copies - 1), 0) AS duplicates
  FROM duplicated AS d
) AS b;
