"""Bring the tables of an older version of Sparkify up to date."""

from __future__ import annotations

from sparkify.engines.base import Engine
from sparkify.sql import ddl, definitions, render
from sparkify.sql.definitions import Table
from sparkify.warehouse.inventory import LAYOUT, REBUILDABLE, Inventory, columns_now
from sparkify.warehouse.settings import forget_star_settings


def migrate(engine: Engine, inventory: Inventory) -> str:
    """Give a warehouse of an older layout the tables and columns of this one, within the transaction of the caller.

    Rows are kept, those of the star apart if its columns changed: then the next run builds it again. What was done
    comes back; nothing was to be done if that is empty.
    """
    if inventory.layout == LAYOUT:
        return ""
    replayed = _replayed_files(engine)
    for table in definitions.all_tables():
        before, now = inventory.made.get(table.name), columns_now()[table.name]
        if table.name in inventory.missing or table.name in inventory.altered or before == now:
            continue
        if before is None:
            create_table(engine, table)
            if table.name in REBUILDABLE:
                forget_star_settings(engine)
            continue
        _change_columns(engine, table)
        if table.name in REBUILDABLE:
            forget_star_settings(engine)
    record_tables(engine)
    what = "the tables of an older version of Sparkify were brought up to date"
    return f"{what}; {_about_replays(replayed)}" if replayed else what


def record_tables(engine: Engine) -> None:
    """Write down that Sparkify made all tables, as they are in this version."""
    engine.execute_named("tables/clear_made")
    for name, columns in columns_now().items():
        engine.execute_named("tables/record_made", [name, ", ".join(columns), LAYOUT])


def create_table(engine: Engine, table: Table, *, with_keys: bool = True) -> None:
    """Create a table; `with_keys` where the engine holds them: what it refers to must be there."""
    engine.execute(ddl.create_table(table, engine.dialect))
    for step in engine.dialect.after_create(table) if with_keys else ():
        engine.execute(step.sql)


def _change_columns(engine: Engine, table: Table) -> None:
    """Make a table again with its new columns; a SELECT in migrations/ says what they hold, unless staging does."""
    keeps_rows = table.name not in REBUILDABLE
    relations: dict[str, str] = {"changed_table": table.name, "old_table": f"old_{table.name}"}
    if keeps_rows:
        engine.execute_named("tables/keep_old", relations=relations)
    drop_table(engine, table.name)
    create_table(engine, table)
    if keeps_rows:
        given = render.select(f"migrations/{LAYOUT}/{table.name}")
        columns = {"table_columns": table.column_names}
        engine.execute_named("tables/give_back", relations={**relations, "given_rows": given}, columns=columns)
        drop_table(engine, relations["old_table"])


def drop_table(engine: Engine, name: str) -> None:
    """Drop a table."""
    engine.execute_named("tables/drop", relations={"dropped_table": name})


def _replayed_files(engine: Engine) -> list[str]:
    """The files of fixed records that an older version loaded as files of their own."""
    rows = engine.execute_named("tables/replayed_as_files")
    return [uri for (uri,) in rows]


def _about_replays(uris: list[str]) -> str:
    more = f" and {len(uris) - 1:,} more" if len(uris) > 1 else ""
    return (
        f"the records replayed from {uris[0]}{more} stay loaded as a file, and the rejects that they fixed count as "
        "open: it is no longer known which record fixed which"
    )
