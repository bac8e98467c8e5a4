"""From staging to the star: statements, checks, repair of texts."""
