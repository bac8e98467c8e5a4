"""Whether two warehouses hold the same rows, on whichever engines they are.

What is compared is what the first promise names: staging with the file's URI in the place of its number, the star, and
the rejects by place and reason; and the settings that the star was built with, for they explain much. Every row is
written down as bytes that depend on its values alone (a number by its bits, a time by its microseconds, a text in
UTF-8), never as an engine would print it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray
from sqlglot import exp

from sparkify.contract import FILE_ID, RECORD_TYPES
from sparkify.engines.base import Engine, Row
from sparkify.sql import definitions, render
from sparkify.sql.definitions import Table
from sparkify.sql.render import quoted
from sparkify.sql.statements import named_query
from sparkify.sql.tree import SOURCE_DIALECT
from sparkify.warehouse.tables import require_tables

SHOWN_ROWS = 5

_HASH = np.dtype([("low", "<u8"), ("high", "<u8")])
_encode = msgspec.msgpack.Encoder().encode

Hashes = NDArray[np.void]


class DifferingRow(NamedTuple):
    """A row that one side has more often than the other: `side` is 0 or 1, for the first or the second warehouse."""

    side: int
    values: dict[str, object]


@dataclass(frozen=True)
class TableComparison:
    """A table in both warehouses: rows, and a hash of all of them that does not depend on their order.

    `differing` counts the rows that the other side lacks, for both sides; `rows` are the first of them by key.
    """

    table: str
    counts: tuple[int, int]
    hashes: tuple[str, str]
    differing: tuple[int, int]
    rows: list[DifferingRow]

    @property
    def is_same(self) -> bool:
        """Whether both sides hold the same rows."""
        return self.differing == (0, 0)


@dataclass(frozen=True)
class _Relation:
    """What is read of a table: its columns and the query, and how rows that differ are ordered, in the models' SQL."""

    name: str
    columns: tuple[str, ...]
    rows: exp.Query
    order: tuple[str, ...]


def compare_warehouses(first: Engine, second: Engine) -> Iterator[TableComparison]:
    """Every table, compared; of each warehouse one moment is read.

    Raises:
        WarehouseError: a warehouse cannot be read, or lacks tables.
    """
    for engine in (first, second):
        require_tables(engine)
    with first.snapshot(), second.snapshot():
        for relation in _relations():
            yield _compare(relation, (first, second))


def _relations() -> Iterator[_Relation]:
    for record_type in RECORD_TYPES.values():
        yield _staging(definitions.table(record_type.table))
    for name in definitions.STAR:
        definition = definitions.table(name)
        columns = definition.column_names
        query = named_query("reports/compared_star", relations={"star_table": name}, columns={"table_columns": columns})
        yield _Relation(name, columns, query, _order(definition, definition.key))
    yield _Relation(
        "etl_rejects",
        ("uri", "line", "byte_offset", "field", "reason"),
        named_query("reports/compared_rejects"),
        ("BYTEWISE(r.uri)", "r.byte_offset"),
    )
    query = named_query("reports/compared_settings")
    yield _Relation("etl_settings", ("setting", "setting_value"), query, ("BYTEWISE(r.setting)",))


def _staging(definition: Table) -> _Relation:
    columns = tuple(name for name in definition.column_names if name != FILE_ID)
    query = named_query(
        "reports/compared_staging", relations={"staging_table": definition.name}, columns={"record_columns": columns}
    )
    return _Relation(definition.name, (*columns, "uri"), query, _order(definition, columns))


def _order(definition: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    texts = {column.name for column in definition.columns if column.type == "VARCHAR"}
    return tuple(f"BYTEWISE(r.{quoted(name)})" if name in texts else f"r.{quoted(name)}" for name in names)


def _compare(relation: _Relation, engines: tuple[Engine, Engine]) -> TableComparison:
    first, second = (_row_hashes(engine, render.render(relation.rows, engine.dialect)) for engine in engines)
    only = (_surplus(first, second), _surplus(second, first))
    rows = [
        DifferingRow(side, dict(zip(relation.columns, row, strict=True)))
        for side, engine in enumerate(engines)
        if len(only[side])
        for row in _rows_of(engine, relation, only[side])
    ]
    return TableComparison(
        table=relation.name,
        counts=(len(first), len(second)),
        hashes=(_sum_of(first), _sum_of(second)),
        differing=(len(only[0]), len(only[1])),
        rows=rows,
    )


def _hash(row: Row) -> bytes:
    return xxhash.xxh3_128_digest(_encode(row))


def _row_hashes(engine: Engine, sql: str) -> Hashes:
    """The hash of every row, 16 bytes each, sorted."""
    hashes = bytearray()
    for batch in engine.stream(sql):
        for row in batch.rows:
            hashes += _hash(row)
    return np.sort(np.frombuffer(bytes(hashes), dtype=_HASH))


def _sum_of(hashes: Hashes) -> str:
    return "".join(f"{int(hashes[half].sum(dtype=np.uint64)):016x}" for half in ("high", "low"))


def _surplus(these: Hashes, others: Hashes) -> Hashes:
    """The hashes that are here more often than there, each as often as it is too many."""
    if np.array_equal(these, others):
        return these[:0]
    values, counts = np.unique(these, return_counts=True)
    other_values, other_counts = np.unique(others, return_counts=True)
    _, here, there = np.intersect1d(values, other_values, assume_unique=True, return_indices=True)
    counts[here] -= np.minimum(counts[here], other_counts[there])
    return np.repeat(values, counts)


def _rows_of(engine: Engine, relation: _Relation, hashes: Hashes) -> list[Row]:
    """The first rows, by key, that have one of these hashes."""
    wanted = {value.tobytes() for value in hashes}
    query = exp.select("r.*").from_(relation.rows.subquery("r"))
    query = query.order_by(*(f"{key} NULLS LAST" for key in relation.order), dialect=SOURCE_DIALECT)
    found: list[Row] = []
    for batch in engine.stream(render.render(query, engine.dialect)):
        found += [row for row in batch.rows if _hash(row) in wanted]
        if len(found) >= SHOWN_ROWS:
            break
    return found[:SHOWN_ROWS]
