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


BYTEWISE_AGGREGATES = {"MIN_TEXT": "MIN({0})", "MAX_TEXT": "MAX({0})"}
"""Of engines that order text by its bytes."""
