"""The answer to a query, written by DuckDB's own COPY, which is many times as fast as Python's rows.

The connection of a query may write to no file but one: a pipe of this process, whose name is settled when the
connection is made. A thread hands on what comes out of it. So standard output stays in the hands of the command line,
and a file that is written stays in those of `OutputFile`.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from sparkify.engines.base import Form
from sparkify.sql.render import quoted

_BLOCK_BYTES = 256 * 1024
_ALIKE = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
          "UBIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP")  # fmt: skip
"""Types whose values COPY writes as Python does."""
_OPTIONS: dict[Form, str] = {
    "csv": "FORMAT csv, HEADER",
    "json": "FORMAT json, ARRAY true, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%g'",
    "jsonl": "FORMAT json, ARRAY false, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%g'",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}
_names: dict[int, str] = {}
_turn = threading.Lock()


def pipe_path() -> str:
    """Where the pipe of this process is while an answer is exported; a process that is forked has one of its own."""
    name = f"sparkify-{os.getpid()}-{secrets.token_hex(8)}"
    return _names.setdefault(os.getpid(), os.path.join(os.path.realpath(tempfile.gettempdir()), name, "rows"))


def can_export(connection: duckdb.DuckDBPyConnection, sql: str, form: Form) -> bool:
    """Whether COPY takes the statement, and writes its types as they are written for every engine.

    Without a folder for temporary files that can be written to there is no pipe.
    """
    if not os.access(os.path.dirname(os.path.dirname(pipe_path())), os.W_OK):
        return False
    try:
        statements = connection.extract_statements(sql)
        if [parsed.type for parsed in statements] != [duckdb.StatementType.SELECT]:
            return False
        found = _columns(connection, sql)
    except duckdb.Error:  # it will be said of the statement itself, with the right number of the line
        return False
    names = {name.lower() for name, _ in found}
    if len(names) < len(found):
        return False
    return form == "parquet" or all(kind in _ALIKE for _, kind in found)


def export(connection: duckdb.DuckDBPyConnection, sql: str, form: Form, write: Callable[[bytes], object]) -> int:
    """Write the answer to a statement that `can_export`, within the transaction of the caller; its rows are counted."""
    source = _finite(sql, _columns(connection, sql)) if form in ("json", "jsonl") else sql
    with _turn, _pipe(write) as path:
        target = path.replace("'", "''")
        copy = f"COPY (\n{source}\n) TO '{target}' ({_OPTIONS[form]}, USE_TMP_FILE false)"
        (count,) = connection.execute(copy).fetchall()[0]
    return int(count)


def _columns(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[str, str]]:
    """Names and types of a statement's columns."""
    return [(name, kind) for name, kind, *_ in connection.execute(f"DESCRIBE (\n{sql}\n)").fetchall()]


def _finite(sql: str, columns: Sequence[tuple[str, str]]) -> str:
    """A statement in which NULL stands for what JSON has no number for."""
    doubles = [quoted(name) for name, kind in columns if kind == "DOUBLE"]
    if not doubles:
        return sql
    replaced = ", ".join(f"CASE WHEN ISFINITE({name}) THEN {name} END AS {name}" for name in doubles)
    return f"SELECT * REPLACE ({replaced}) FROM (\n{sql}\n)"


@contextmanager
def _pipe(write: Callable[[bytes], object]) -> Iterator[str]:
    """A pipe by its path, from which a thread writes on what comes, until the block ends.

    Raises:
        Exception: whatever `write` raised; the writer of the pipe had to end with it.
    """
    path = pipe_path()
    folder = os.path.dirname(path)
    os.mkdir(folder, 0o700)
    try:
        os.mkfifo(path, 0o600)
        # In this order neither waits for the other; and with an end that this process holds, none comes too early.
        read_end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        write_end = os.open(path, os.O_WRONLY)
        os.set_blocking(read_end, True)
        pump = _Pump(read_end, write)
        pump.start()
        try:
            yield path
        except BaseException as error:
            os.close(write_end)
            pump.join()
            if pump.failure and not isinstance(error, KeyboardInterrupt):
                raise pump.failure from None
            raise
        os.close(write_end)
        pump.join()
        if pump.failure:
            raise pump.failure
    finally:
        with suppress(OSError):
            os.unlink(path)
        os.rmdir(folder)


class _Pump(threading.Thread):
    """Writes on what comes out of a pipe; a failure closes the pipe, which ends its writer."""

    def __init__(self, read_end: int, write: Callable[[bytes], object]) -> None:
        super().__init__(daemon=True)
        self._read_end = read_end
        self._write = write
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Until the last writer has closed the pipe."""
        try:
            while block := os.read(self._read_end, _BLOCK_BYTES):
                self._write(block)
        except BaseException as error:
            self.failure = error
        finally:
            os.close(self._read_end)
