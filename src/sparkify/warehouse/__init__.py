"""The tables beside the star: manifest, runs, rejects, settings."""
