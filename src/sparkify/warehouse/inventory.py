"""Which tables are there, which of them Sparkify made, and whether they are still as it made them.

A table is ours if our metadata says so, never because of its name: the schema or the file may hold the tables of other
applications too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sparkify.contract import CONTRACT_VERSION, READING_VERSION
from sparkify.engines.base import Engine
from sparkify.errors import WarehouseError
from sparkify.sql import definitions

LAYOUT = 1
"""Raised when a table or a column is added; `migration` brings a warehouse of an older layout up to date."""

Columns = Mapping[str, tuple[str, ...]]
"""The columns of tables, by the name of the table; names in lower case, as some engines store them so."""

REBUILDABLE = frozenset({*definitions.STAR, "etl_matches", "etl_repairs", "etl_settings"})
"""The tables that can be made again from staging; `etl_settings` says of what settings the star is made."""

_NEWEST = {"contract_version": CONTRACT_VERSION, "reading_version": READING_VERSION}


@dataclass(frozen=True)
class Inventory:
    """What is there, compared with what the metadata says.

    `present` is everything that has a name there, views too. `made` is what Sparkify made, as it made it: nothing if
    there is no warehouse yet. `layout` is 0 for a warehouse that was made before it had a number.
    """

    present: Columns
    made: Columns
    layout: int

    @property
    def is_new(self) -> bool:
        """Whether there is no warehouse yet."""
        return not self.made

    @property
    def foreign(self) -> list[str]:
        """Tables of our names that Sparkify did not make, or that stand in the place of one that it made."""
        ours = {table.name for table in definitions.all_tables()}
        return sorted(name for name in ours & set(self.present) if not self._is_ours(name))

    @property
    def missing(self) -> list[str]:
        """Tables that Sparkify made and that are gone."""
        return sorted(set(self.made) - set(self.present))

    @property
    def altered(self) -> list[str]:
        """Tables that Sparkify made and that have other columns now."""
        there = set(self.made) & set(self.present)
        return sorted(name for name in there if set(self.made[name]) != set(self.present[name]))

    def _is_ours(self, name: str) -> bool:
        """Whether Sparkify made a table that is there, as it is or altered; one without its key is another table."""
        if name not in self.made:
            return False
        there = set(self.present[name])
        return there == set(self.made[name]) or _identifying(name) <= there


def _identifying(name: str) -> set[str]:
    """The columns of a table's key; of one without a key, the number of the file or the replay that gave the row."""
    definition = definitions.table(name)
    return {column.lower() for column in definition.key or definition.column_names[-1:]}


def read_inventory(engine: Engine) -> Inventory:
    """Look at every table that is there, and at what the metadata says of them."""
    present = engine.relations()
    if set(present.get("etl_tables", ())) == set(columns_now()["etl_tables"]):
        rows = engine.execute_named("tables/made")
        made = {name: tuple(columns.split(", ")) for name, columns, _ in rows}
        return Inventory(present, made, max((layout for *_, layout in rows), default=0))
    return Inventory(present, _made_before(present), 0)


def _made_before(present: Columns) -> Columns:
    """The tables of a warehouse that was made before there was `etl_tables`; nothing if that is not one."""
    before = first_layout()
    is_one = all(present.get(name) and set(present[name]) == set(before[name]) for name in ("etl_files", "etl_runs"))
    return before if is_one else {}


@cache
def first_layout() -> Columns:
    """The tables of the first layout, which had no record of itself."""
    text = files("sparkify").joinpath("sql", "migrations", "layout_0.txt").read_text(encoding="utf-8")
    lines = (line.split(": ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: tuple(columns.split(", ")) for name, columns in lines}


@cache
def columns_now() -> Columns:
    """The tables of this version's layout."""
    return {table.name: tuple(name.lower() for name in table.column_names) for table in definitions.all_tables()}


def refuse_foreign(inventory: Inventory) -> None:
    """Raise WarehouseError if a table of one of our names is not ours."""
    if inventory.foreign:
        raise WarehouseError(
            f"Sparkify did not make these tables, and needs their names: {', '.join(inventory.foreign)}",
            hint="Nothing was changed. Give Sparkify a schema or a file of its own, or rename these tables.",
        )


def refuse_newer(engine: Engine, inventory: Inventory) -> None:
    """Raise WarehouseError if a newer version of Sparkify wrote the warehouse."""
    newer = []
    if inventory.layout > LAYOUT:
        newer.append(f"the layout of its tables is {inventory.layout}, this version knows {LAYOUT}")
    if "etl_settings" in inventory.made and {"setting", "setting_value"} <= set(
        inventory.present.get("etl_settings", ())
    ):
        stored: dict[str, str] = dict(engine.execute_named("settings/all"))
        newer += [
            f"its {name} is {stored[name]}, this version knows {newest}"
            for name, newest in _NEWEST.items()
            if stored.get(name, "0").isdigit() and int(stored.get(name, "0")) > newest
        ]
    if newer:
        raise WarehouseError(
            f"a newer version of Sparkify wrote this warehouse: {'; '.join(newer)}",
            hint="Nothing was changed. Use that version or a newer one: pip install --upgrade sparkify",
        )


def tables_named(names: Iterable[str]) -> str:
    """Names of tables as part of a sentence: `the table users`, `the tables songs, users`."""
    listed = list(names)
    return f"the table{'s' if len(listed) > 1 else ''} {', '.join(listed)}"
