"""Rows as Parquet files in the run's spool, on their way to S3."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sparkify.engines.base import LoadColumn, Rows
from sparkify.engines.ndjson import Reading, load_failures, readings
from sparkify.sql.render import quoted
from sparkify.storage.spool import Spool

PART_BYTES = "64MB"
"""How large a part may grow: the slices of a cluster load parts side by side."""

LIKELY_RATIO = 4
"""How many times smaller than the JSON the Parquet files are at least likely to be: so much is set aside for them."""


@contextmanager
def parquet_parts(spool: Spool, reader: duckdb.DuckDBPyConnection, rows: Rows) -> Iterator[tuple[list[Path], int]]:
    """The Parquet files that hold some rows, and the number of the rows; they count against the spool's limit.

    Raises:
        LoadFailed: a line could not be taken.
        SpoolFull: they do not fit.
    """
    sizes = (os.path.getsize(path) for path in (*rows.packed, *(path for path, _ in rows.whole)))
    folder = spool.make_folder(sum(sizes) // LIKELY_RATIO)
    try:
        written = sum(
            _write(reader, Path(folder, f"{number}"), reading, rows.columns)
            for number, reading in enumerate(readings(rows))
        )
        parts = sorted(Path(folder).rglob("*.parquet"))
        spool.resize_folder(folder, sum(part.stat().st_size for part in parts))
        yield parts, written
    finally:
        spool.drop_folder(folder)


def _write(reader: duckdb.DuckDBPyConnection, folder: Path, reading: Reading, columns: Sequence[LoadColumn]) -> int:
    """Write what was read, in the order of the columns: COPY from Parquet goes by place."""
    names = ", ".join(quoted(column.name) for column in columns)
    sql = (
        f"COPY (SELECT * FROM ({reading.sql}) AS r ({names})) TO '{folder}' "
        f"(FORMAT parquet, COMPRESSION zstd, FILE_SIZE_BYTES '{PART_BYTES}')"
    )
    with load_failures():
        written = reader.execute(sql, reading.parameters).fetchone()
    return int(written[0]) if written else 0
