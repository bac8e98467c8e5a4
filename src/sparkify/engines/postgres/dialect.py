"""PostgreSQL's SQL."""

from __future__ import annotations

from sparkify.sql.dialect import Capabilities, Dialect

POSTGRES = Dialect(
    name="postgres",
    functions={
        "FROM_MILLIS": "(TIMESTAMP '1970-01-01 00:00:00' + {0} * INTERVAL '1 millisecond')",
        "TO_MILLIS": "CAST(EXTRACT(EPOCH FROM {0}) * 1000 AS BIGINT)",
        "BYTEWISE": '{0} COLLATE "C"',
        "MIN_TEXT": 'MIN({0} COLLATE "C")',
        "MAX_TEXT": 'MAX({0} COLLATE "C")',
    },
    types={"DOUBLE": "DOUBLE PRECISION"},
    capabilities=Capabilities(enforces_keys=True, plans_by_statistics=True),
)
