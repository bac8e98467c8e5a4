"""Create, check and drop the tables of a warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sparkify.engines.base import Engine
from sparkify.errors import WarehouseError
from sparkify.sql import definitions
from sparkify.sql.definitions import Table
from sparkify.warehouse.inventory import (
    LAYOUT,
    REBUILDABLE,
    Inventory,
    read_inventory,
    refuse_foreign,
    refuse_newer,
    tables_named,
)
from sparkify.warehouse.migration import create_table, drop_table, migrate, record_tables
from sparkify.warehouse.settings import forget_star_settings, missing_settings

LOAD_AGAIN = "sparkify create-tables --drop, then sparkify etl, which loads everything again"
_OLDER = "Bring it up to date with: sparkify etl"


class Opened(NamedTuple):
    """What was done so that a warehouse can be written to.

    `created` are the tables of a new warehouse. `rebuild` says why the star must be built again from staging, and
    `migrated` what was done to a warehouse of an older version; both are empty if there was no need.
    """

    created: list[str]
    rebuild: str = ""
    migrated: str = ""


def open_for_writing(engine: Engine, *, full_refresh: bool = False) -> Opened:
    """Create the tables of a new warehouse, or make sure that an existing one is as its metadata says.

    This process is the one writer from here on. Tables of the star that are gone are created again, and so are altered
    ones if `full_refresh` is asked for: the caller must fill them before anyone reads them.

    Raises:
        WarehouseError: a table of our names is not ours, something is missing or altered that cannot be made from
            staging, or a newer version wrote the warehouse; nothing was changed.
    """
    with engine.writing(), engine.transaction():
        inventory = read_inventory(engine)
        refuse_newer(engine, inventory)
        refuse_foreign(inventory)
        if inventory.is_new:
            return Opened(_create(engine, definitions.all_tables()))
        _refuse_broken(inventory, full_refresh)
        rebuild = _renew(engine, inventory)
        return Opened([], rebuild, migrate(engine, inventory))


def _create(engine: Engine, tables: Iterable[Table]) -> list[str]:
    """Create tables with their keys, and write down that they are ours."""
    made = list(tables)
    for table in made:
        create_table(engine, table)
    record_tables(engine)
    return [table.name for table in made]


def _refuse_broken(inventory: Inventory, full_refresh: bool) -> None:
    """Raise WarehouseError if tables are missing or altered that cannot be made again from staging, or may not be."""
    for word, names in (("missing", inventory.missing), ("altered", inventory.altered)):
        lost = [name for name in names if name not in REBUILDABLE]
        if lost:
            raise WarehouseError(
                f"{tables_named(lost)} of this warehouse: {word} since Sparkify made it",
                hint=f"What was in there cannot be made again from the other tables. Start over with: {LOAD_AGAIN}",
            )
    if inventory.altered and not full_refresh:
        found = "; ".join(_how_altered(inventory, name) for name in inventory.altered)
        raise WarehouseError(
            f"{tables_named(inventory.altered)} of this warehouse: altered since Sparkify made it ({found})",
            hint="Undo that, or drop the star and build it again from staging with: sparkify etl --full-refresh",
        )


def _how_altered(inventory: Inventory, name: str) -> str:
    before, now = inventory.made[name], inventory.present[name]
    gone = [f"{name}.{column} is gone" for column in before if column not in now]
    return ", ".join(gone + [f"{name}.{column} is new" for column in now if column not in before])


def _renew(engine: Engine, inventory: Inventory) -> str:
    """Create tables of the star again that are missing or altered; why the star must be built again comes back.

    The settings of the star go with it, so that a run that is killed before it has filled the tables is not the last
    to know that they are empty. The star's keys are declared when the star is built.
    """
    broken = {*inventory.missing, *inventory.altered}
    if not broken:
        return ""
    there = [definitions.table(name) for name in definitions.STAR if name in inventory.present]
    for step in engine.dialect.before_full_build(there):
        engine.execute(step.sql)
    for name in inventory.altered:
        drop_table(engine, name)
    for name in sorted(broken):
        create_table(engine, definitions.table(name), with_keys=name not in definitions.STAR)
    forget_star_settings(engine)
    words = (("missing", inventory.missing), ("altered", inventory.altered))
    return " and ".join(f"{tables_named(names)} {_was(names)} {word}" for word, names in words if names)


def _was(names: list[str]) -> str:
    return "was" if len(names) == 1 else "were"


def tables_to_drop(engine: Engine) -> dict[str, int]:
    """The tables that `drop_tables` would drop, with the number of their rows.

    Raises:
        WarehouseError: a table of our names is not ours, or a newer version wrote the warehouse.
    """
    return {name: count_rows(engine, name) for name in _droppable(engine, read_inventory(engine))}


def count_rows(engine: Engine, name: str) -> int:
    """The number of rows of a table."""
    return int(engine.execute_named("tables/count_rows", relations={"counted_table": name})[0][0])


def _droppable(engine: Engine, inventory: Inventory) -> list[str]:
    """Sparkify's tables that are there, each before those that it refers to."""
    refuse_newer(engine, inventory)
    refuse_foreign(inventory)
    order = [table.name for table in reversed(definitions.all_tables())]
    return sorted(set(inventory.made) & set(inventory.present), key=order.index)


def drop_tables(engine: Engine) -> list[str]:
    """Drop all of Sparkify's tables that are there; their names come back.

    Raises:
        WarehouseError: a table of our names is not ours, or a newer version wrote the warehouse; nothing was dropped.
    """
    with engine.writing(), engine.transaction():
        names = _droppable(engine, read_inventory(engine))
        for name in names:
            drop_table(engine, name)
    return names


def require_tables(engine: Engine) -> None:
    """Make sure that a warehouse can be read.

    Raises:
        WarehouseError: there is none, its tables are not as its metadata says, or its version is not this one's.
    """
    inventory = read_inventory(engine)
    if inventory.is_new:
        raise WarehouseError(
            "there are no tables of Sparkify here", hint="Make them with: sparkify create-tables, or sparkify etl."
        )
    refuse_newer(engine, inventory)
    refuse_foreign(inventory)
    if inventory.missing:
        raise WarehouseError(f"tables are missing: {', '.join(inventory.missing)}", hint=_way_out(inventory.missing))
    if inventory.layout < LAYOUT:
        raise WarehouseError("an older version of Sparkify wrote this warehouse", hint=_OLDER)
    if lost := {name: set(inventory.made[name]) - set(inventory.present[name]) for name in inventory.altered}:
        columns = ", ".join(f"{name}.{column}" for name, gone in lost.items() for column in sorted(gone))
        if columns:
            raise WarehouseError(f"columns are missing: {columns}", hint=_way_out(lost))
    if missing_settings(engine):
        raise WarehouseError("the star of this warehouse is not built", hint="Build it from staging with: sparkify etl")


def _way_out(names: Iterable[str]) -> str:
    if REBUILDABLE.issuperset(names):
        return "sparkify etl --full-refresh builds the star again from staging."
    return f"Start over with: {LOAD_AGAIN}"
