"""Rows as Parquet files in the run's spool, on their way to S3."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sparkify.contract import RECORD_TYPES
from sparkify.engines.base import LoadColumn, Rows
from sparkify.engines.ndjson import Reading, load_failures, readings
from sparkify.sql import definitions
from sparkify.sql.render import quoted
from sparkify.storage.spool import Spool

PART_BYTES = "64MB"
"""How large a part may grow: the slices of a cluster load parts side by side."""

LIKELY_RATIO = 4
"""How many times smaller than the JSON the Parquet files are at least likely to be: so much is set aside for them."""


@contextmanager
def parquet_parts(
    spool: Spool, reader: duckdb.DuckDBPyConnection, table: str, rows: Rows
) -> Iterator[tuple[list[Path], int]]:
    """The Parquet files that hold some rows of a table, and the number of the rows.

    The files count against the spool's limit.

    Raises:
        LoadFailed: a line could not be taken.
        SpoolFull: they do not fit.
    """
    sizes = (os.path.getsize(path) for path in (*rows.packed, *(path for path, _ in rows.whole)))
    folder = spool.make_folder(sum(sizes) // LIKELY_RATIO)
    try:
        written = sum(
            _write(reader, Path(folder, f"{number}"), reading, rows.columns, _values(table, rows.columns))
            for number, reading in enumerate(readings(rows))
        )
        parts = sorted(Path(folder).rglob("*.parquet"))
        spool.resize_folder(folder, sum(part.stat().st_size for part in parts))
        yield parts, written
    finally:
        spool.drop_folder(folder)


def _values(table: str, columns: Sequence[LoadColumn]) -> str:
    """What is written: all columns of the table in their order, those that are not loaded as NULL."""
    loaded = {column.name for column in columns}
    if table not in (record_type.table for record_type in RECORD_TYPES.values()):
        return ", ".join(quoted(column.name) for column in columns)
    return ", ".join(
        quoted(column.name) if column.name in loaded else f"CAST(NULL AS {column.type}) AS {quoted(column.name)}"
        for column in definitions.table(table).columns
    )


def _write(
    reader: duckdb.DuckDBPyConnection, folder: Path, reading: Reading, columns: Sequence[LoadColumn], values: str
) -> int:
    """Write what was read, in the order of the table's columns: COPY from Parquet goes by place."""
    names = ", ".join(quoted(column.name) for column in columns)
    sql = (
        f"COPY (SELECT {values} FROM ({reading.sql}) AS r ({names})) TO '{folder}' "
        f"(FORMAT parquet, COMPRESSION snappy, FILE_SIZE_BYTES '{PART_BYTES}')"
    )
    with load_failures():
        written = reader.execute(sql, reading.parameters).fetchone()
    return int(written[0]) if written else 0
