"""DuckDB's SQL."""

from __future__ import annotations

from sparkify.sql.dialect import BYTEWISE_AGGREGATES, Dialect

# DuckDB could hold keys, but its indexes cost more than the load itself: keys and references are guarded by checks.
DUCKDB = Dialect(
    name="duckdb",
    functions={"FROM_MILLIS": "EPOCH_MS({0})", "TO_MILLIS": "EPOCH_MS({0})", "BYTEWISE": "{0}", **BYTEWISE_AGGREGATES},
)
