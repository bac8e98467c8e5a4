"""PostgreSQL's SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sparkify.sql.definitions import Table
from sparkify.sql.dialect import OF_ANY_LENGTH, Capabilities, Dialect, Step


class PostgresDialect(Dialect):
    """PostgreSQL enforces keys and references, and must be told with ANALYZE what a new table holds."""

    def after_create(self, definition: Table) -> Sequence[Step]:
        """Declare the keys of a new table, and give a staging table its index."""
        from sparkify.engines.postgres.keys import add_index, add_keys

        index = [Step(f"index of {definition.name}", sql) for sql in add_index(definition)]
        return [*index, *(Step(f"declare the keys of {definition.name}", sql) for sql in add_keys(definition))]

    def before_full_build(self, tables: Iterable[Table]) -> Sequence[Step]:
        """Drop the keys: after the build they are checked once, in bulk."""
        from sparkify.engines.postgres.keys import drop_keys

        return [
            Step(f"drop the keys of {table.name}", sql) for table in reversed(list(tables)) for sql in drop_keys(table)
        ]

    def after_full_build(self, tables: Iterable[Table]) -> Sequence[Step]:
        """Declare the keys again."""
        return [step for table in tables for step in self.after_create(table)]

    def statistics(self, table: str) -> Sequence[Step]:
        """Without it a plan that was made for a small table takes the square of the time once the table is large."""
        from sparkify.engines.postgres.keys import summarize
        from sparkify.sql.render import quoted

        index = [Step(f"index of {table} up to date", sql) for sql in summarize(table)]
        return [*index, Step(f"statistics of {table}", f"ANALYZE {quoted(table)}")]


POSTGRES = PostgresDialect(
    name="postgres",
    functions={
        "FROM_MILLIS": (
            # Whole seconds and the rest apart: PostgreSQL multiplies an interval as a double, which holds both exactly.
            "(TIMESTAMP '1970-01-01 00:00:00' + {0} / 1000 * INTERVAL '1 second'"
            " + {0} % 1000 * INTERVAL '1 millisecond')"
        ),
        "TO_MILLIS": "CAST(EXTRACT(EPOCH FROM {0}) * 1000 AS BIGINT)",
        "BYTEWISE": '{0} COLLATE "C"',
        "MIN_TEXT": 'MIN({0} COLLATE "C")',
        "MAX_TEXT": 'MAX({0} COLLATE "C")',
        **OF_ANY_LENGTH,
    },
    types={"DOUBLE": "DOUBLE PRECISION"},
    capabilities=Capabilities(guarantees=frozenset({"key", "reference", "not_null"})),
)
