"""PostgreSQL 15 or newer: a team's own server, by psycopg 3."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import unquote

import duckdb
import psycopg
from psycopg import sql as composed
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from sparkify.engines.base import ROWS_IN_BATCH, Access, Engine, LoadColumn, Result, Row
from sparkify.engines.dialects import POSTGRES
from sparkify.engines.ndjson import Reading, load_failures, readings
from sparkify.errors import NoWarehouse, UsageError, WarehouseError
from sparkify.models import quoted

DEFAULT_SCHEMA = "public"
OLDEST_VERSION = 150000
"""PostgreSQL 15, as the server numbers its versions."""

_SESSION = {
    "client_encoding": "UTF8",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "extra_float_digits": "3",
    # The models join and sort hundreds of thousands of rows; with the usual 4 MB they would do so on disk.
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    # A quarter of the usual sample tells the planner enough, and takes a quarter of the time.
    "default_statistics_target": "25",
    # A client that is gone is noticed while a statement runs, and its lock is free.
    "client_connection_check_interval": "1s",
    # Statements that take seconds gain nothing from compiling for half of one.
    "jit": "off",
}
_LOCK_SECONDS = 4
"""How long to wait for another writer: the server may need a moment to see that a process was killed."""
_PIPE_BYTES = 1024 * 1024
_PARAMETER = re.compile(r"\?")


def open_engine(url: str, access: Access) -> PostgresEngine:
    """Connect to the server that the URL names; what it leaves out comes from libpq's environment and files.

    `schema=NAME` among the URL's parameters names the schema, and beats the setting.
    """
    parameters = _parameters(url)
    schema = parameters.pop("schema", "") or access.schema or DEFAULT_SCHEMA
    name = _server_name(parameters)
    parameters.setdefault("connect_timeout", "10")
    parameters["application_name"] = f"sparkify on {socket.gethostname()[:30]}, process {os.getpid()}"
    try:
        connection = psycopg.connect(
            make_conninfo("", **parameters), autocommit=True, prepare_threshold=None, cursor_factory=psycopg.RawCursor
        )
    except psycopg.Error as error:
        _explain_connect(name, error)
    engine = PostgresEngine(connection, schema, access.memory_limit)
    try:
        engine.set_up(access.read_only)
    except BaseException:
        engine.close()
        raise
    return engine


_SCHEMA = re.compile(r"([?&])schema=([^&]*)&?")


def _parameters(url: str) -> dict[str, Any]:
    """The URL's parts as libpq reads them, and the schema.

    What libpq says of a malformed URL may hold the password: it is not shown.
    """
    found = _SCHEMA.search(url)
    try:
        parameters: dict[str, Any] = dict(conninfo_to_dict(_SCHEMA.sub(r"\1", url).rstrip("?&")))
    except psycopg.ProgrammingError:
        raise UsageError(
            "malformed warehouse URL",
            hint="Write it as postgresql://user@host:5432/database; write signs such as @ / ? # % in a part of it as "
            "%40 %2F %3F %23 %25.",
        ) from None
    return {**parameters, "schema": unquote(found[2])} if found else parameters


def _server_name(parameters: dict[str, Any]) -> str:
    """The server as it may be shown in an error."""
    if service := parameters.get("service"):
        return f"service {service}"
    place = parameters.get("host") or parameters.get("hostaddr") or os.environ.get("PGHOST") or "the local socket"
    port = parameters.get("port") or os.environ.get("PGPORT") or "5432"
    return f"{place}:{port}"


def _explain_connect(name: str, error: psycopg.Error) -> NoReturn:
    text = " ".join(str(error).split())
    hints = (
        ("password authentication failed", "Give the password in PGPASSWORD, in ~/.pgpass or in a service file."),
        ("no password supplied", "Give the password in PGPASSWORD, in ~/.pgpass or in a service file."),
        ("does not exist", "Check the name; make a database with: createdb NAME"),
        ("certificate", "Check sslmode and sslrootcert."),
        ("SSL", "Check sslmode."),
        ("timeout", "Check host and port, and whether a firewall lies between."),
    )
    hint = next((hint for sign, hint in hints if sign in text), "Check host and port, and whether the server runs.")
    raise WarehouseError(f"cannot connect to PostgreSQL at {name}: {text}", hint=hint) from error


class PostgresEngine(Engine):
    """A connection to a PostgreSQL server, with a schema that holds the tables."""

    dialect = POSTGRES

    def __init__(self, connection: psycopg.Connection[Row], schema: str, memory_limit: str = "") -> None:
        self.connection = connection
        self._schema = schema
        self._memory_limit = memory_limit
        self._is_writer = False
        self._reader: duckdb.DuckDBPyConnection | None = None

    def set_up(self, read_only: bool) -> None:
        """Settle what the session depends on, and find the schema; it is made unless it is only to be read."""
        if self.connection.info.server_version < OLDEST_VERSION:
            version = self.connection.info.parameter_status("server_version")
            raise WarehouseError(f"the server is PostgreSQL {version}", hint="Sparkify needs PostgreSQL 15 or newer.")
        for name, value in _SESSION.items():
            self.execute("SELECT set_config(?, ?, false)", [name, value])
        encoding = self.execute("SHOW server_encoding")[0][0]
        if encoding != "UTF8":
            raise WarehouseError(
                f"the database is encoded in {encoding}", hint="Make one with: createdb --encoding UTF8 NAME"
            )
        self._find_schema(read_only)
        if read_only:
            self.execute("SET default_transaction_read_only = on")

    def _find_schema(self, read_only: bool) -> None:
        schema = self._schema
        if not self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", [schema]):
            if read_only:
                raise NoWarehouse(
                    f"no schema {schema} in the database", hint="Make it with: sparkify etl --logs … --songs …"
                )
            self._run(composed.SQL("CREATE SCHEMA {}").format(composed.Identifier(schema)))
        self._run(composed.SQL("SET search_path TO {}").format(composed.Identifier(schema)))

    def _run(self, statement: composed.Composed) -> None:
        with _translated(self.connection):
            self.connection.execute(statement)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement."""
        with _translated(self.connection):
            cursor = self.connection.execute(_numbered(sql) if parameters else sql, list(parameters) or None)
            return cursor.fetchall() if cursor.description else []

    def query(self, sql: str) -> Result:
        """Run a user's query."""
        with _translated(self.connection):
            cursor = self.connection.execute(sql)
            while cursor.nextset():
                pass
            if cursor.description is None:
                if cursor.statusmessage is None:
                    raise UsageError("there is no statement to run", hint='Such as: sparkify query "SELECT 1"')
                return Result((), [])
            return Result(tuple(column.name for column in cursor.description), cursor.fetchall())

    def stream(self, sql: str) -> Iterator[list[Row]]:
        """Run a query whose rows come in batches, from a cursor that the server holds."""
        with (
            _translated(self.connection),
            self.connection.transaction(),
            self.connection.cursor("sparkify", binary=True) as cursor,
        ):
            cursor.execute(sql)
            while rows := cursor.fetchmany(ROWS_IN_BATCH):
                yield rows

    def become_writer(self) -> None:
        """Hold the advisory lock of the schema; it ends with the connection."""
        if self._is_writer:
            return
        key = _lock_key(self._schema)
        last = time.monotonic() + _LOCK_SECONDS
        while not self.execute("SELECT pg_try_advisory_lock(?)", [key])[0][0]:
            if time.monotonic() > last:
                raise WarehouseError(
                    f"schema {self._schema} is in use by {self._holder(key)}",
                    hint="Wait until it ends, or end it there.",
                )
            time.sleep(_LOCK_SECONDS / 20)
        self._is_writer = True

    def _holder(self, key: int) -> str:
        rows = self.execute(
            "SELECT a.application_name, a.usename, a.pid "
            "FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND (CAST(l.classid AS BIGINT) << 32) + CAST(l.objid AS BIGINT) = ?",
            [key],
        )
        if not rows:
            return "another session, which has just ended"
        application, user, pid = rows[0]
        return f"{application or 'a session'} (user {user}, server process {pid})"

    def begin(self) -> None:
        """Begin a transaction."""
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")

    def commit(self) -> None:
        """Commit the transaction."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if there is one; a connection that is lost has undone it."""
        if self.connection.closed or self.connection.info.transaction_status == TransactionStatus.IDLE:
            return
        try:
            self.execute("ROLLBACK")
        except WarehouseError:
            if not self.connection.closed:
                raise

    def load(
        self,
        table: str,
        columns: Sequence[LoadColumn],
        packed: Sequence[str] = (),
        whole: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Read newline-delimited JSON with DuckDB's reader, and pass the rows on by COPY."""
        names = ", ".join(quoted(column.name) for column in columns)
        copy = f"COPY {quoted(table)} ({names}) FROM STDIN (FORMAT csv)"
        for reading in readings(columns, packed, whole):
            self._copy(copy, reading)

    def _copy(self, copy: str, reading: Reading) -> None:
        with (
            _Pipe(self._duckdb(), reading) as pipe,
            _translated(self.connection),
            self.connection.cursor() as cursor,
            cursor.copy(copy) as target,
        ):
            for block in pipe.blocks():
                target.write(block)
            pipe.finish()

    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        if self._reader is None:
            limit = {"memory_limit": self._memory_limit} if self._memory_limit else {}
            self._reader = duckdb.connect(":memory:", config={"preserve_insertion_order": False, **limit})
        return self._reader

    def table_names(self) -> set[str]:
        """The tables that are there."""
        return {
            name for (name,) in self.execute("SELECT tablename FROM pg_tables WHERE schemaname = ?", [self._schema])
        }

    def close(self) -> None:
        """End the connection."""
        self.connection.close()
        if self._reader:
            self._reader.close()


def _numbered(sql: str) -> str:
    """A statement with `$1`, `$2` … in the place of each `?`."""
    numbers = iter(range(1, sql.count("?") + 1))
    return _PARAMETER.sub(lambda _: f"${next(numbers)}", sql)


def _lock_key(schema: str) -> int:
    """The number of the lock that the one writer to a schema holds: 64 bits with a sign."""
    digest = hashlib.sha256(f"sparkify:{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class _Pipe:
    """DuckDB writes CSV at one end, in a thread of its own, and `blocks` come out at the other."""

    def __init__(self, reader: duckdb.DuckDBPyConnection, reading: Reading) -> None:
        self._source, target = os.pipe()
        self._failure: Exception | None = None
        self._cursor = reader.cursor()
        self._thread = threading.Thread(target=self._write, args=(reading, target), daemon=True)

    def __enter__(self) -> _Pipe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the end that is read, whereupon a writer that is still at work fails, and wait for it."""
        os.close(self._source)
        self._cursor.interrupt()
        self._thread.join()
        self._cursor.close()

    def _write(self, reading: Reading, target: int) -> None:
        copy = f"COPY ({reading.sql}) TO '/dev/fd/{target}' (FORMAT csv, HEADER false)"
        try:
            with load_failures():
                self._cursor.execute(copy, reading.parameters)
        except Exception as error:
            self._failure = error
        finally:
            os.close(target)

    def blocks(self) -> Iterator[bytes]:
        """What was written, as it comes."""
        while block := os.read(self._source, _PIPE_BYTES):
            yield block

    def finish(self) -> None:
        """Raise what went wrong with the writer, if anything did; there is nothing more to read."""
        self._thread.join()
        if self._failure:
            raise self._failure


@contextmanager
def _translated(connection: psycopg.Connection[Row]) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _failed(connection, error) from error


def _failed(connection: psycopg.Connection[Row], error: psycopg.Error) -> WarehouseError:
    text = str(error).strip()
    if connection.closed or isinstance(error, psycopg.errors.AdminShutdown):
        return WarehouseError(
            f"the connection to PostgreSQL was lost: {' '.join(text.split())}",
            hint="What was committed is there; run again, and the rest is loaded.",
        )
    return WarehouseError(f"PostgreSQL: {text}", hint=_hint(error))


def _hint(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "The user needs CREATE and USAGE on the schema, and TEMPORARY on the database."
    if isinstance(error, psycopg.errors.DiskFull):
        return "Free some disk space on the server, and run again."
    if isinstance(error, psycopg.errors.ProgramLimitExceeded):
        return "PostgreSQL cannot keep an id longer than about 2,700 bytes as a key: mend the file that holds it."
    return ""
