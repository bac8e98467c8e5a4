"""Read newline-delimited JSON with DuckDB's typed reader, on behalf of whichever engine it is loaded into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import NamedTuple

import duckdb

from sparkify.engines.base import LoadColumn, LoadFailed, Rows
from sparkify.errors import WarehouseError
from sparkify.sql.render import quoted

_IN_FILE = re.compile(r'in file "([^"]+)"')


class Reading(NamedTuple):
    """A SELECT in DuckDB's SQL that reads some files, with its parameters; the columns are those asked for."""

    sql: str
    parameters: list[object]


def open_reader(memory_limit: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that only reads, for an engine that is another; an empty `memory_limit` means DuckDB's own."""
    limit = {"memory_limit": memory_limit} if memory_limit else {}
    return duckdb.connect(":memory:", config={"preserve_insertion_order": False, **limit})


def readings(rows: Rows) -> Iterator[Reading]:
    """The SELECTs that read the files of some rows, into all of the columns."""
    columns, packed, whole = rows.columns, rows.packed, rows.whole
    derived, members = (_OF_TOPIC_FORM, _TOPIC_FORM_MEMBERS) if rows.has_topic_form else ({}, {})
    values = [derived.get(column.name) or _value(column) for column in columns]
    if packed:
        yield Reading(_select(values), [list(packed), _types(columns) | members])
    for run in _consecutive(whole):
        paths = [path for path, _ in run]
        types = _types(columns[:-1]) | members
        yield Reading(_select([*values[:-1], "CAST(file_index + ? AS BIGINT)"]), [run[0][1], paths, types])


_TOPIC_FORM_MEMBERS = {"duration": "DOUBLE", "city": "VARCHAR", "state": "VARCHAR"}
_OF_TOPIC_FORM = {
    "length": "COALESCE(length, duration)",
    "location": "COALESCE(location, CASE WHEN state IS NULL THEN city ELSE city || ', ' || state END)",
    "page": (
        "CASE WHEN page IS NULL AND artist IS NOT NULL AND song IS NOT NULL AND duration IS NOT NULL "
        "THEN 'NextSong' ELSE page END"
    ),
}
"""What the topic form has in the place of members of events (DESIGN section 3); lines of the file form pass too."""


def _select(values: Sequence[str]) -> str:
    return (
        f"SELECT {', '.join(values)} "
        "FROM read_json(?, format = 'newline_delimited', compression = 'uncompressed', columns = ?)"
    )


def _value(column: LoadColumn) -> str:
    name = quoted(column.name)
    return f"CAST(NULLIF({name}, '') AS {column.type})" if column.empty_is_null else name


def _types(columns: Sequence[LoadColumn]) -> dict[str, str]:
    return {column.name: "VARCHAR" if column.empty_is_null else column.type for column in columns}


def _consecutive(whole: Sequence[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    """Runs of files whose numbers follow each other: the reader tells a file by its place in the list."""
    run = list(whole[:1])
    for before, after in pairwise(whole):
        if after[1] != before[1] + 1:
            yield run
            run = []
        run.append(after)
    if run:
        yield run


def write_parquet(path: str, types: Mapping[str, str], to: str) -> None:
    """Write a file of newline-delimited JSON as Parquet; `types` are DuckDB's, by the names of the members.

    Raises:
        WarehouseError: a value does not fit its type, or a file cannot be written.
    """
    values = ", ".join(map(quoted, types))
    source = f"SELECT {values} FROM read_json($path, format = 'newline_delimited', columns = $types)"
    with closing(duckdb.connect(":memory:")) as connection, load_failures():
        connection.execute(
            f"COPY ({source}) TO $to (FORMAT parquet, COMPRESSION zstd)", {"path": path, "types": dict(types), "to": to}
        )


@contextmanager
def load_failures() -> Iterator[None]:
    """Make LoadFailed of what the reader says of a line, and WarehouseError of any other fault."""
    try:
        with interruptible():
            yield
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.ConstraintException) as error:
        found = _IN_FILE.search(str(error))
        raise LoadFailed(found[1] if found else "", str(error).strip().splitlines()[0]) from error
    except duckdb.Error as error:
        raise failed(error) from error


@contextmanager
def interruptible() -> Iterator[None]:
    """DuckDB stops at a signal, but makes another error of the one that the signal's handler raised."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


CORRUPT_HINT = "Restore it from a backup, or load its sources into another file with: sparkify etl --warehouse …"


def is_corrupt(text: str) -> bool:
    """Whether an error of DuckDB says that the bytes of its file are not what they were written as."""
    return "Corrupt database file" in text or "Could not read enough bytes from file" in text


def failed(error: duckdb.Error) -> WarehouseError:
    """An error of DuckDB's as one of ours."""
    text = str(error).strip()
    if is_corrupt(text):
        return WarehouseError(f"the warehouse is corrupt; DuckDB: {text}", hint=CORRUPT_HINT)
    full = "No space left" in text or "disk quota" in text.lower() or "File too large" in text
    return WarehouseError(f"DuckDB: {text}", hint="Free some disk space, and run again." if full else "")
