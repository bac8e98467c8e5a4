"""DuckDB: one file, no server."""
