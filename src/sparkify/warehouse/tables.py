"""Create and drop the tables of a warehouse."""

from __future__ import annotations

from collections.abc import Sequence

from sparkify.engines.base import Engine
from sparkify.errors import WarehouseError
from sparkify.sql import ddl, definitions
from sparkify.sql.definitions import Table
from sparkify.sql.render import quoted


def create_missing_tables(engine: Engine) -> list[str]:
    """Create the tables that are not there, as the one writer; their names come back."""
    with engine.writing():
        there = engine.table_names()
        missing = [table for table in definitions.all_tables() if table.name not in there]
        if missing:
            with engine.transaction():
                _create(engine, missing)
    return [table.name for table in missing]


def _create(engine: Engine, tables: Sequence[Table]) -> None:
    for table in tables:
        engine.execute(ddl.create_table(table, engine.dialect))
    for table in tables:
        for step in engine.dialect.after_create(table):
            engine.execute(step.sql)


def drop_tables(engine: Engine) -> list[str]:
    """Drop all of Sparkify's tables that are there; their names come back."""
    with engine.writing():
        there = engine.table_names()
        present = [table.name for table in reversed(definitions.all_tables()) if table.name in there]
        with engine.transaction():
            for name in present:
                engine.execute(f"DROP TABLE {quoted(name)}")
    return present


def require_tables(engine: Engine) -> None:
    """Raise WarehouseError unless all tables are there."""
    there = engine.table_names()
    missing = [table.name for table in definitions.all_tables() if table.name not in there]
    if missing:
        raise WarehouseError(
            f"tables are missing: {', '.join(missing)}", hint="Make them with: sparkify create-tables, or sparkify etl."
        )
