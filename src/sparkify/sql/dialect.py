"""What types and functions are called in each engine's SQL. How a statement is run is another matter (`base`).

The models are written in the part of SQL that the engines share; sqlglot translates it. What it cannot translate, or
would translate wrongly, has a name of its own in the models, in capitals, and its meaning here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Capabilities:
    """Facts about an engine that shared code needs to know.

    `enforces_keys`: primary and foreign keys are declared, with indexes, and the engine holds them.
    `plans_by_statistics`: its planner must be told what a new table holds, with ANALYZE.
    `declares_keys`: keys, references and the order of rows are declared with a table, for the planner alone.
    `lands_from`: schemes of the stores from which the engine takes large objects in by itself.
    """

    enforces_keys: bool = False
    plans_by_statistics: bool = False
    declares_keys: bool = False
    lands_from: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Dialect:
    """The SQL of one engine.

    `functions` maps a name in the models to its text, `{0}` being the argument:
    FROM_MILLIS: milliseconds since the epoch to a TIMESTAMP in UTC; TO_MILLIS: the way back;
    BYTEWISE: what puts a text into the order of its bytes; MIN_TEXT and MAX_TEXT: the first and the last in that order.
    """

    name: str
    functions: Mapping[str, str]
    types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    capabilities: Capabilities = field(default_factory=Capabilities)

    def type(self, name: str) -> str:
        """A column type of the models as this engine calls it."""
        return self.types.get(name, name)


_AGGREGATES = {"MIN_TEXT": "MIN({0})", "MAX_TEXT": "MAX({0})"}

# DuckDB could hold keys, but its indexes cost more than the load itself: keys and references are guarded by checks.
DUCKDB = Dialect(
    name="duckdb",
    functions={"FROM_MILLIS": "EPOCH_MS({0})", "TO_MILLIS": "EPOCH_MS({0})", "BYTEWISE": "{0}", **_AGGREGATES},
)

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

REDSHIFT = Dialect(
    name="redshift",
    functions={
        # Whole seconds and the rest apart: a product of a fraction and an interval is rounded.
        "FROM_MILLIS": (
            "(TIMESTAMP '1970-01-01 00:00:00' + {0} / 1000 * INTERVAL '1 second'"
            " + {0} % 1000 * INTERVAL '1 millisecond')"
        ),
        "TO_MILLIS": "(CAST(EXTRACT(EPOCH FROM {0}) AS BIGINT) * 1000 + EXTRACT(MILLISECOND FROM {0}) % 1000)",
        # Spaces at the end do not count in comparisons; before the least of signs they do.
        "BYTEWISE": "({0} || CHR(1))",
        **_AGGREGATES,
    },
    types={"DOUBLE": "DOUBLE PRECISION", "VARCHAR": "VARCHAR(65535)"},
    # The checks guarantee what is declared: Redshift does not hold it, but plans as if it did.
    capabilities=Capabilities(declares_keys=True, lands_from=frozenset({"s3"})),
)
