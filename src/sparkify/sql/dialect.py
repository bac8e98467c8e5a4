"""What types and functions are called in each engine's SQL, and what one engine does that the others do not.

The models are written in the part of SQL that the engines share; sqlglot translates it. What it cannot translate, or
would translate wrongly, has a name of its own in the models, in capitals, and its meaning here. How a statement is run
is another matter: see `sparkify.engines.base`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from sparkify.sql.definitions import Column, Table

Guarantee = Literal["key", "reference", "not_null"]
"""What an engine may guarantee for every row that it commits."""


@dataclass(frozen=True)
class Capabilities:
    """Facts about an engine that shared code needs to know.

    `commit`: "transaction" if a transaction covers all tables, "recorded" if a commit covers one table and a row of
    `etl_commits` says which versions of the tables belong together.
    `guarantees`: what the engine itself checks before it commits, so that a load need not check it.
    `keeps_others_out`: while one process is connected to write, no other can read.
    `longest_text`: how many bytes a text may have that an expression makes of others; None if that is no concern.
    """

    commit: Literal["transaction", "recorded"] = "transaction"
    guarantees: frozenset[Guarantee] = frozenset()
    keeps_others_out: bool = False
    longest_text: int | None = None


class Step(NamedTuple):
    """A statement of one engine's own, and what it does in a few words."""

    about: str
    sql: str


class TableOptions(NamedTuple):
    """What an engine adds to CREATE TABLE: lines after the columns, and text after the closing parenthesis."""

    lines: Sequence[str] = ()
    suffix: str = ""


@dataclass(frozen=True, eq=False)
class Dialect:
    """The SQL of one engine. What one engine alone does is a hook: a method that does nothing unless it is overridden.

    `functions` maps a name in the models to its text, `{0}` being the argument:
    FROM_MILLIS: milliseconds since the epoch to a TIMESTAMP in UTC; TO_MILLIS: the way back;
    BYTEWISE: what puts a text into the order of its bytes; MIN_TEXT and MAX_TEXT: the first and the last in that order;
    KEY_OF: what tells a text from others, spaces at its end included;
    SONG_DIGEST: the MD5 of artist, CHR(31) and song, NULL where they are longer than an expression's texts may be.
    """

    name: str
    functions: Mapping[str, str]
    types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    capabilities: Capabilities = field(default_factory=Capabilities)

    def type(self, name: str) -> str:
        """A column type of the models as this engine calls it."""
        return self.types.get(name, name)

    def column_type(self, column: Column) -> str:
        """The type of a column of a table that stays."""
        return self.type(column.type)

    def table_options(self, definition: Table) -> TableOptions:
        """What is added to the CREATE TABLE of a table."""
        return TableOptions()

    def after_create(self, definition: Table) -> Sequence[Step]:
        """What follows the creation of a table, once all tables are there."""
        return ()

    def before_full_build(self, tables: Iterable[Table]) -> Sequence[Step]:
        """What comes before tables are emptied and filled in full; `tables` in the order in which they are filled."""
        return ()

    def after_full_build(self, tables: Iterable[Table]) -> Sequence[Step]:
        """What comes after tables were filled in full."""
        return ()

    def statistics(self, table: str) -> Sequence[Step]:
        """What tells the planner about a table, temporary or not, that was just filled."""
        return ()


BYTEWISE_AGGREGATES = {"MIN_TEXT": "MIN({0})", "MAX_TEXT": "MAX({0})"}
"""Of engines that order text by its bytes."""

OF_ANY_LENGTH = {"KEY_OF": "{0}", "SONG_DIGEST": "MD5({0} || CHR(31) || {1})"}
"""Of engines whose expressions make texts of any length, and whose rows may be as wide."""
