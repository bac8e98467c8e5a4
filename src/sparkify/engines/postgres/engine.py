"""PostgreSQL 15 or newer: a team's own server, by psycopg 3."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import duckdb
import psycopg
from psycopg import sql as composed
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from sparkify.engines.base import RELATIONS, ROWS_IN_BATCH, Access, Engine, Result, Row, Rows, another_run, grouped
from sparkify.engines.ndjson import Reading, open_reader, readings
from sparkify.engines.postgres.csv_pipe import CsvPipe
from sparkify.engines.postgres.dialect import POSTGRES
from sparkify.engines.postgres.errors import RIGHTS, explain_connect, refusals, translated
from sparkify.engines.postgres.url import checked_schema, parameters_and_schema, server_name, with_defaults
from sparkify.errors import NoWarehouse, WarehouseError
from sparkify.sql.render import quoted

# What psycopg has to say beside its errors is for programs that ask for it.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

DEFAULT_SCHEMA = "public"
OLDEST_VERSION = 150000
"""PostgreSQL 15, as the server numbers its versions."""

# Whatever the role's own defaults are: the statements mean the same, and nothing ends a session that is reading files.
_SESSION = {
    "client_encoding": "UTF8",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "extra_float_digits": "3",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # The models join and sort hundreds of thousands of rows; with the usual 4 MB they would do so on disk.
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    # A quarter of the usual sample tells the planner enough, and takes a quarter of the time.
    "default_statistics_target": "25",
    # A client whose machine is gone is noticed within a minute, and its lock is free.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # Statements that take seconds gain nothing from compiling for half of one.
    "jit": "off",
}
_LOCK_TIMEOUT = "5min"
"""How long a load waits for a lock on a table, unless the role has a limit: who waits keeps later readers out."""
_LOCK_SECONDS = 4
"""How long to wait for another writer: the server may need a moment to see that a process was killed."""
_PARAMETER = re.compile(r"\?")
_TAKEN_BY_CURSORS = re.compile(r"[\s(]*(SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
"""How a statement begins that a cursor can be declared for; EXPLAIN and SHOW are others, and a comment may be."""


def open_engine(url: str, access: Access) -> PostgresEngine:
    """Connect to the server that the URL names; what it leaves out comes from libpq's environment and files.

    `schema=NAME` among the URL's parameters names the schema, and beats the setting.
    """
    parameters, named = parameters_and_schema(url)
    schema = checked_schema(named or access.schema or DEFAULT_SCHEMA)
    name = server_name(parameters)
    try:
        connection = psycopg.connect(
            make_conninfo("", **with_defaults(parameters)),
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.RawCursor,
        )
    except psycopg.Error as error:
        explain_connect(name, error)
    engine = PostgresEngine(connection, schema, access)
    try:
        engine.set_up()
    except BaseException:
        engine.close()
        raise
    return engine


class PostgresEngine(Engine):
    """A connection to a PostgreSQL server, with a schema that holds the tables."""

    dialect = POSTGRES

    def __init__(self, connection: psycopg.Connection[Row], schema: str, access: Access) -> None:
        super().__init__()
        self.connection = connection
        self._schema = schema
        self._access = access
        self._reader: duckdb.DuckDBPyConnection | None = None

    def set_up(self) -> None:
        """Settle what the session depends on, and find the schema; it is made unless it is only to be read."""
        if self.connection.info.server_version < OLDEST_VERSION:
            version = self.connection.info.parameter_status("server_version")
            raise WarehouseError(f"the server is PostgreSQL {version}", hint="Sparkify needs PostgreSQL 15 or newer.")
        read_only = "on" if self._access.read_only else "off"
        self._set({**_SESSION, "default_transaction_read_only": read_only})
        with suppress(WarehouseError):  # a server on some systems cannot do it
            # A client that was killed is noticed while a statement runs, and its lock is free.
            self._set({"client_connection_check_interval": "1s"})
        if self.execute("SHOW lock_timeout") == [("0",)]:
            self._set({"lock_timeout": _LOCK_TIMEOUT})
        encoding = self.execute("SHOW server_encoding")[0][0]
        if encoding != "UTF8":
            raise WarehouseError(
                f"the database is encoded in {encoding}",
                hint="Make one with: createdb --template template0 --encoding UTF8 NAME",
            )
        self._find_schema()

    def _set(self, settings: Mapping[str, str]) -> None:
        calls = ", ".join("set_config(?, ?, false)" for _ in settings)
        self.execute(f"SELECT {calls}", [text for pair in settings.items() for text in pair])

    def _find_schema(self) -> None:
        schema = self._schema
        if not self._has_schema():
            if self._access.read_only:
                raise NoWarehouse(
                    f"no schema {schema} in the database", hint="Make it with: sparkify etl --logs … --songs …"
                )
            self._make_schema()
        self.execute("SELECT set_config('search_path', quote_ident(?), false)", [schema])
        if self.execute("SELECT current_schema()") != [(schema,)]:
            raise WarehouseError(f"the user may not use the schema {schema}", hint=RIGHTS)

    def _has_schema(self) -> bool:
        return bool(self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", [self._schema]))

    def _make_schema(self) -> None:
        try:
            with translated(self.connection):
                self.connection.execute(composed.SQL("CREATE SCHEMA {}").format(composed.Identifier(self._schema)))
        except WarehouseError:
            if not self._has_schema():  # nor has another process just made it
                raise

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement."""
        with translated(self.connection):
            cursor = self.connection.execute(_numbered(sql) if parameters else sql, list(parameters) or None)
            return cursor.fetchall() if cursor.description else []

    def query(self, sql: str) -> Result:
        """Run one query."""
        with translated(self.connection):
            with self.connection.pipeline():  # the protocol that takes one statement at a time
                cursor = self.connection.execute(sql)
            return _result(cursor)

    def stream(self, sql: str) -> Iterator[Result]:
        """Run a query whose rows come in batches, from a cursor that the server holds, if it takes the query."""
        if not _TAKEN_BY_CURSORS.match(sql):
            yield self.query(sql)
            return
        with (
            translated(self.connection),
            self.connection.transaction(),
            self.connection.cursor("sparkify", binary=True) as cursor,
        ):
            cursor.execute(sql)
            columns = tuple(column.name for column in cursor.description or ())
            yield Result(columns, cursor.fetchmany(ROWS_IN_BATCH))
            while rows := cursor.fetchmany(ROWS_IN_BATCH):
                yield Result(columns, rows)

    def _in_transaction(self) -> bool:
        return not self.connection.closed and self.connection.info.transaction_status != TransactionStatus.IDLE

    def _take_turn(self) -> None:
        """Hold the advisory lock of the schema; it ends with the connection."""
        key = _lock_key(self._schema)
        last = time.monotonic() + _LOCK_SECONDS
        while not self.execute("SELECT pg_try_advisory_lock(?)", [key])[0][0]:
            if time.monotonic() > last:
                raise another_run(self.writer() or "another session, which has just ended")
            time.sleep(_LOCK_SECONDS / 20)

    def _end_turn(self) -> None:
        with suppress(WarehouseError):  # the lock ends with the connection
            self.execute("SELECT pg_advisory_unlock(?)", [_lock_key(self._schema)])

    def writer(self) -> str:
        """The session that holds the advisory lock."""
        rows = self.execute(
            "SELECT a.application_name, a.usename, a.pid "
            "FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid <> pg_backend_pid() "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND (CAST(l.classid AS BIGINT) << 32) + CAST(l.objid AS BIGINT) = ?",
            [_lock_key(self._schema)],
        )
        if not rows:
            return ""
        application, user, pid = rows[0]
        return f"{application or 'a session'} (user {user}, server process {pid}){self._running()}"

    def _running(self) -> str:
        """The run that `etl_runs` says is at work, and since when."""
        if "etl_runs" not in self.table_names():
            return ""
        rows = self.execute("SELECT run_id, started_at FROM etl_runs WHERE state = 'running' ORDER BY run_id DESC")
        return f", run {rows[0][0]} since {rows[0][1]:%Y-%m-%d %H:%M:%S} UTC" if rows else ""

    def _begin(self, tables: Sequence[str]) -> None:
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")

    def _begin_snapshot(self) -> None:
        self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def _commit(self) -> None:
        self.execute("COMMIT")

    def _rollback(self) -> None:
        """Undo the transaction; where that cannot be said to the server, by ending the connection."""
        if not self._in_transaction():
            return
        try:
            self.execute("ROLLBACK")
        except WarehouseError:
            self.connection.close()

    def append(self, table: str, rows: Rows) -> None:
        """Read the JSON with DuckDB's reader, and pass the rows on by COPY."""
        names = ", ".join(quoted(column.name) for column in rows.columns)
        copy = f"COPY {quoted(table)} ({names}) FROM STDIN (FORMAT csv)"
        for reading in readings(rows):
            self._copy(copy, reading)

    def _copy(self, copy: str, reading: Reading) -> None:
        with (
            CsvPipe(self._duckdb(), reading) as pipe,
            translated(self.connection),
            refusals(),
            self.connection.cursor() as cursor,
            cursor.copy(copy) as target,
        ):
            for block in pipe.blocks():
                target.write(block)
            pipe.finish()

    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        if self._reader is None:
            self._reader = open_reader(self._access.memory_limit)
        return self._reader

    def table_names(self) -> set[str]:
        """The tables that are there."""
        return {
            name for (name,) in self.execute("SELECT tablename FROM pg_tables WHERE schemaname = ?", [self._schema])
        }

    def relations(self) -> dict[str, tuple[str, ...]]:
        """Everything that has a name in the schema, with its columns."""
        return grouped(self.execute(RELATIONS, [self._schema]))

    def close(self) -> None:
        """End the connection."""
        self.connection.close()
        if self._reader:
            self._reader.close()


def _result(cursor: psycopg.Cursor[Row]) -> Result:
    """The rows of a statement."""
    if cursor.description is None:
        return Result((), [])
    return Result(tuple(column.name for column in cursor.description), cursor.fetchall())


def _numbered(sql: str) -> str:
    """A statement with `$1`, `$2` … in the place of each `?`."""
    numbers = iter(range(1, sql.count("?") + 1))
    return _PARAMETER.sub(lambda _: f"${next(numbers)}", sql)


def _lock_key(schema: str) -> int:
    """The number of the lock that the one writer to a schema holds: 64 bits with a sign."""
    digest = hashlib.sha256(f"sparkify:{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
