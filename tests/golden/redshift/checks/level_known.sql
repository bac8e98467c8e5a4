-- level is free or paid
SELECT
  s.songplay_id,
  s.user_id,
  s.level
FROM songplays_affected AS s
WHERE
  NOT s.level IN ('free', 'paid');
