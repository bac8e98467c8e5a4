"""DuckDB's SQL."""

from __future__ import annotations

from sparkify.sql.dialect import BYTEWISE_AGGREGATES, OF_ANY_LENGTH, Capabilities, Dialect

# DuckDB could hold keys, but its indexes cost more than the load itself: keys and references are guarded by checks. It
# reads a table in groups of rows, and passes over those whose least and largest ts, file_id or start_time lie outside
# of what is asked for: rows come in nearly in the order of time, so that a chunk reads its own days.
DUCKDB = Dialect(
    name="duckdb",
    functions={
        "FROM_MILLIS": "EPOCH_MS({0})",
        "TO_MILLIS": "EPOCH_MS({0})",
        "BYTEWISE": "{0}",
        **BYTEWISE_AGGREGATES,
        **OF_ANY_LENGTH,
    },
    capabilities=Capabilities(guarantees=frozenset({"not_null"}), keeps_others_out=True),
)
