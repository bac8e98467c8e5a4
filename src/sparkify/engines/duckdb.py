"""DuckDB: one file, no server."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import duckdb

from sparkify.contract import FILE_ID
from sparkify.engines.base import Capabilities, Engine, LoadColumn, LoadFailed, Result, Row, without_password
from sparkify.engines.dialects import DUCKDB
from sparkify.errors import NoWarehouse, UsageError, WarehouseError
from sparkify.models import quoted

_IN_FILE = re.compile(r'in file "([^"]+)"')
_HOLDER = re.compile(r"held in (.+?) \(PID (\d+)\)")
_MAGIC = slice(8, 12), b"DUCK"
"""Where every DuckDB file says that it is one (https://duckdb.org/docs/stable/internals/storage)."""


def path_of(url: str) -> Path:
    """The path in a URL, as it is written after `duckdb:///`: relative, or absolute when it begins with `/`.

    Raises:
        UsageError: there is none.
    """
    path = url.removeprefix("duckdb://")
    if not path.startswith("/") or path == "/":
        raise UsageError(
            f"malformed warehouse URL: {without_password(url)}",
            hint="Three slashes, then the path: duckdb:///warehouse.duckdb",
        )
    if any("\ud800" <= letter <= "\udfff" for letter in path):
        raise UsageError("the path of the warehouse holds what DuckDB cannot take", hint="Name a path in UTF-8.")
    return Path(path[1:])


def open_engine(url: str, *, read_only: bool, memory_limit: str) -> DuckDBEngine:
    """Open the file that the URL names; made if it is missing, unless it is only to be read."""
    path = path_of(url)
    if path.is_dir():
        raise WarehouseError(f"the warehouse is a directory: {path}", hint="Name a file, such as warehouse.duckdb.")
    if found := set("?\\") & set(str(path)):
        raise WarehouseError(
            f"DuckDB cannot keep a file at {path}: it takes {' and '.join(sorted(found))} for something else",
            hint="Name a path without.",
        )
    if path.exists():
        _refuse_other_files(path)
    if read_only and not path.exists():
        raise NoWarehouse(f"no warehouse at {path}", hint="Make it with: sparkify etl --logs … --songs …")
    if not path.parent.is_dir():
        raise WarehouseError(
            f"no such folder: {path.parent}",
            hint="Make it first; an absolute path has four slashes: duckdb:////folder/file.duckdb.",
        )
    return DuckDBEngine(_open(path, read_only, memory_limit))


def _refuse_other_files(path: Path) -> None:
    """DuckDB opens a file of CSV, JSON or Parquet too: as tables in memory, that are gone at the end."""
    place, magic = _MAGIC
    try:
        with path.open("rb") as file:
            is_duckdb = file.read(place.stop)[place] == magic
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WarehouseError(f"cannot open {path}: {reason}", hint="Check the path and its permissions.") from error
    if not is_duckdb:
        raise WarehouseError(f"not a DuckDB file: {path}", hint="Name another file; this one was left alone.")


def _open(path: Path, read_only: bool, memory_limit: str) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {"preserve_insertion_order": False}
    if memory_limit:
        config["memory_limit"] = memory_limit
    try:
        # Absolute, for DuckDB takes names such as `:memory:` and `sqlite:w` for something else.
        return duckdb.connect(os.path.abspath(path), read_only=read_only, config=config)
    except duckdb.Error as error:
        _explain_open(path, error)


def _explain_open(path: Path, error: duckdb.Error) -> NoReturn:
    text = str(error)
    if "lock on file" in text.lower():
        holder = _HOLDER.search(text)
        who = f"process {holder[2]} ({holder[1]})" if holder else "another process"
        raise WarehouseError(f"{path} is in use by {who}", hint="Wait until it ends, or close it there.") from error
    if "not a valid DuckDB database" in text or "Unable to find" in text:
        raise WarehouseError(
            f"not a DuckDB file: {path}", hint="Name another file; this one was left alone."
        ) from error
    raise WarehouseError(
        f"cannot open {path}: {_first_line(text)}", hint="Check the path and its permissions."
    ) from error


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0]


class DuckDBEngine(Engine):
    """A DuckDB file."""

    dialect = DUCKDB
    # Constraints with indexes cost more than the load itself: keys and references are guarded by checks.
    capabilities = Capabilities(enforces_keys=False)

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._in_transaction = False

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement."""
        with _translated():
            return self.connection.execute(sql, list(parameters)).fetchall()

    def query(self, sql: str) -> Result:
        """Run a user's query."""
        with _translated():
            cursor = self.connection.execute(sql)
            if cursor is None:
                raise UsageError("there is no statement to run", hint='Such as: sparkify query "SELECT 1"')
            columns = tuple(column[0] for column in cursor.description or ())
            return Result(columns, cursor.fetchall())

    def begin(self) -> None:
        """Begin a transaction."""
        self.execute("BEGIN TRANSACTION")
        self._in_transaction = True

    def commit(self) -> None:
        """Commit the transaction."""
        self.execute("COMMIT")
        self._in_transaction = False

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        if self._in_transaction:
            self._in_transaction = False
            self.execute("ROLLBACK")

    def load(
        self,
        table: str,
        columns: Sequence[LoadColumn],
        packed: Sequence[str] = (),
        whole: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Load newline-delimited JSON with DuckDB's own reader."""
        if packed:
            self._load(table, columns, [_value(column) for column in columns], list(packed), 0)
        values = [_value(column) for column in columns[:-1]] + ["file_index + ?"]
        for run in _consecutive(whole):
            paths = [path for path, _ in run]
            self._load(table, columns[:-1], values, paths, run[0][1])

    def _load(
        self, table: str, columns: Sequence[LoadColumn], values: list[str], paths: list[str], first_id: int
    ) -> None:
        names = [quoted(column.name) for column in columns]
        if len(values) > len(names):
            names.append(FILE_ID)
        types = {column.name: "VARCHAR" if column.empty_is_null else column.type for column in columns}
        parameters: list[object] = [first_id] if len(values) > len(columns) else []
        sql = (
            f"INSERT INTO {quoted(table)} ({', '.join(names)}) SELECT {', '.join(values)} "
            "FROM read_json(?, format = 'newline_delimited', compression = 'uncompressed', columns = ?)"
        )
        try:
            with _interruptible():
                self.connection.execute(sql, [*parameters, paths, types])
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.ConstraintException) as error:
            found = _IN_FILE.search(str(error))
            raise LoadFailed(found[1] if found else "", _first_line(str(error))) from error
        except duckdb.Error as error:
            raise _failed(error) from error

    def table_names(self) -> set[str]:
        """The tables that are there."""
        return {name for (name,) in self.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary")}

    def close(self) -> None:
        """End the connection."""
        self.connection.close()


def _value(column: LoadColumn) -> str:
    name = quoted(column.name)
    return f"CAST(NULLIF({name}, '') AS {column.type})" if column.empty_is_null else name


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


@contextmanager
def _interruptible() -> Iterator[None]:
    """DuckDB stops at a signal, but makes another error of the one that the signal's handler raised."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        with _interruptible():
            yield
    except duckdb.Error as error:
        raise _failed(error) from error


def _failed(error: duckdb.Error) -> WarehouseError:
    text = str(error).strip()
    full = "No space left" in text or "disk quota" in text.lower() or "File too large" in text
    return WarehouseError(f"DuckDB: {text}", hint="Free some disk space, and run again." if full else "")
