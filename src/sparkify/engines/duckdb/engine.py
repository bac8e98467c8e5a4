"""DuckDB: one file, no server."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import duckdb

from sparkify.engines.base import ROWS_IN_BATCH, Access, Engine, Form, Result, Row, Rows, another_run, grouped
from sparkify.engines.duckdb.dialect import DUCKDB
from sparkify.engines.ndjson import CORRUPT_HINT, failed, interruptible, is_corrupt, load_failures, readings
from sparkify.errors import NoWarehouse, UsageError, WarehouseError
from sparkify.sql.reading import checked_reading
from sparkify.sql.render import quoted
from sparkify.text import without_password

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
    if path == "/:memory:":
        raise UsageError(
            "a warehouse in memory would be gone at the end of the command: duckdb:///:memory:",
            hint="Name a file, such as duckdb:///warehouse.duckdb; a temporary one is duckdb:////tmp/warehouse.duckdb.",
        )
    if any("\ud800" <= letter <= "\udfff" for letter in path):
        raise UsageError("the path of the warehouse holds what DuckDB cannot take", hint="Name a path in UTF-8.")
    return Path(path[1:])


def files_of(url: str) -> tuple[str, ...]:
    """The file that the URL names, and the log that DuckDB keeps beside it."""
    path = str(path_of(url))
    return path, f"{path}.wal"


def open_engine(url: str, access: Access) -> DuckDBEngine:
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
    if not path.parent.is_dir():
        raise WarehouseError(
            f"no such folder: {path.parent}",
            hint="Make it first; an absolute path has four slashes: duckdb:////folder/file.duckdb.",
        )
    if access.read_only and not path.exists():
        raise NoWarehouse(f"no warehouse at {path}", hint="Make it with: sparkify etl --logs … --songs …")
    return DuckDBEngine(_open(path, access), path)


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


def _open(path: Path, access: Access) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "preserve_insertion_order": False,
        "max_vacuum_tasks": 1,  # more would make a commit rewrite what other chunks brought: 18 of them cost 15 % more
    }
    if access.memory_limit:
        config["memory_limit"] = access.memory_limit
    if access.read_only:  # another program of this process, which opens the file in its own way, must not be shut in
        config["custom_user_agent"] = "sparkify read-only"
    try:
        # Absolute, for DuckDB takes names such as `sqlite:w` and `md:w` for something else.
        connection = duckdb.connect(os.path.abspath(path), read_only=access.read_only, config=config)
    except duckdb.Error as error:
        _explain_open(path, error)
    if access.read_only:
        _shut_in(connection)
    return connection


def _shut_in(connection: duckdb.DuckDBPyConnection) -> None:
    """No COPY … TO, no other file or database, no extension; and no SET that would allow them.

    The one file that may be written to is the pipe of `export`. Another connection of this process to the same file may
    have said all this already.
    """
    from sparkify.engines.duckdb.export import pipe_path

    if connection.execute("SELECT current_setting('lock_configuration')").fetchall() == [(True,)]:
        return
    connection.execute("SET allowed_paths = [$path]", {"path": pipe_path()})
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _explain_open(path: Path, error: duckdb.Error) -> NoReturn:
    text = str(error)
    if "lock on file" in text.lower():
        holder = _HOLDER.search(text)
        who = f"process {holder[2]} ({holder[1]})" if holder else "another process"
        raise WarehouseError(
            f"{path} is in use by {who}", hint="Wait until it ends, or close it there.", passes=True
        ) from error
    if "different configuration" in text:
        raise WarehouseError(
            f"{path} is open in this process already, with another memory_limit, or for reading only",
            hint="Close it there, or open it in the same way.",
            passes=True,
        ) from error
    if "not a valid DuckDB database" in text or "Unable to find" in text:
        raise WarehouseError(
            f"not a DuckDB file: {path}", hint="Name another file; this one was left alone."
        ) from error
    if is_corrupt(text):
        raise WarehouseError(f"the warehouse is corrupt: {path}", hint=CORRUPT_HINT) from error
    raise WarehouseError(
        f"cannot open {path}: {text.strip().splitlines()[0]}", hint="Check the path and its permissions."
    ) from error


_WRITERS: dict[str, str] = {}
"""Files that a run of this process writes to, and the names of its threads."""


class DuckDBEngine(Engine):
    """A DuckDB file."""

    dialect = DUCKDB

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        super().__init__()
        self.connection = connection
        self._path = os.path.realpath(path)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement."""
        with _translated():
            return self.connection.execute(sql, list(parameters)).fetchall()

    def query(self, sql: str) -> Result:
        """Run one query."""
        with _translated():
            cursor = self.connection.execute(sql)
            columns = tuple(column[0] for column in cursor.description or ())
            return Result(columns, cursor.fetchall())

    def stream(self, sql: str) -> Iterator[Result]:
        """Run a query whose rows come in batches."""
        with _translated():
            # A cursor is a connection of its own, and sees its own moment.
            connection = self.connection if self._in_snapshot else self.connection.cursor()
            cursor = connection.execute(sql)
            columns = tuple(column[0] for column in cursor.description or ())
            yield Result(columns, cursor.fetchmany(ROWS_IN_BATCH))
            while rows := cursor.fetchmany(ROWS_IN_BATCH):
                yield Result(columns, rows)

    def export(self, sql: str, form: Form, write: Callable[[bytes], object]) -> int | None:
        """Write the answer with DuckDB's COPY."""
        from sparkify.engines.duckdb.export import can_export, export

        statement = checked_reading(sql, self.dialect)
        with self.snapshot(), _translated():
            if not can_export(self.connection, statement, form):
                return None
            return export(self.connection, statement, form, write)

    def _take_turn(self) -> None:
        """DuckDB's lock on the file keeps other processes out, but not other connections of this one."""
        thread = threading.current_thread().name
        if (who := _WRITERS.setdefault(self._path, thread)) is not thread:
            raise another_run(f"in this process, thread {who}")

    def _end_turn(self) -> None:
        del _WRITERS[self._path]

    def writer(self) -> str:
        """Another thread of this process, or nobody."""
        who = _WRITERS.get(self._path)
        return f"in this process, thread {who}" if who else ""

    def _begin(self, tables: Sequence[str]) -> None:
        self.execute("BEGIN TRANSACTION")

    def _begin_snapshot(self) -> None:
        self.execute("BEGIN TRANSACTION READ ONLY")

    def _commit(self) -> None:
        self.execute("COMMIT")

    def _rollback(self) -> None:
        with _translated(), suppress(duckdb.TransactionException):  # there was none
            self.connection.execute("ROLLBACK")

    def append(self, table: str, rows: Rows) -> None:
        """Add rows with DuckDB's own reader of JSON."""
        names = ", ".join(quoted(column.name) for column in rows.columns)
        for reading in readings(rows):
            with load_failures():
                self.connection.execute(f"INSERT INTO {quoted(table)} ({names}) {reading.sql}", reading.parameters)

    def table_names(self) -> set[str]:
        """The tables that are there."""
        return {name for (name,) in self.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary")}

    def relations(self) -> dict[str, tuple[str, ...]]:
        """Every table and view with its columns; DuckDB does not tell capitals in names apart."""
        return grouped(
            self.execute(
                "SELECT LOWER(table_name), LOWER(column_name) FROM duckdb_columns() "
                "WHERE database_name = current_database() AND schema_name = current_schema() AND NOT internal "
                "ORDER BY table_name, column_index"
            )
        )

    def close(self) -> None:
        """End the connection."""
        self.connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        with interruptible():
            yield
    except duckdb.Error as error:
        raise failed(error) from error
