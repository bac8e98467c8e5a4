"""Create and drop the tables of a warehouse."""

from __future__ import annotations

from sparkify.engines.base import Engine
from sparkify.errors import WarehouseError
from sparkify.sql import ddl, definitions
from sparkify.sql.render import quoted


def create_missing_tables(engine: Engine) -> list[str]:
    """Create the tables that are not there; their names come back. This process is the one writer from here on."""
    engine.become_writer()
    there = engine.table_names()
    missing = [table for table in definitions.all_tables() if table.name not in there]
    if missing:
        with engine.transaction():
            for table in missing:
                engine.execute(ddl.create_table(table, engine.dialect))
            for table in missing:
                for step in engine.dialect.after_create(table):
                    engine.execute(step.sql)
    return [table.name for table in missing]


def drop_tables(engine: Engine) -> list[str]:
    """Drop all of Sparkify's tables that are there; their names come back."""
    engine.become_writer()
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
