"""The writer's lock: a table of its own, `etl_lock`, that only writers lock.

It is held by a second connection, in a transaction that has written to its one row and is not committed: other writers
wait for that, readers do not, and the server ends it with the connection. The row as it was committed before says who
the holder is.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from sparkify.engines.base import Conflict, Row, another_run
from sparkify.engines.redshift.errors import Canceled
from sparkify.errors import WarehouseError

TABLE = "etl_lock"
WAIT_SECONDS = 4
"""How long to wait for another writer: the server may need a moment to see that a process was killed."""
LOOK_SECONDS = 0.5

_CREATE = (
    f"CREATE TABLE {TABLE} (holder VARCHAR(64) NOT NULL, run_id BIGINT NOT NULL, host VARCHAR(256) NOT NULL, "
    "process BIGINT NOT NULL, started_at TIMESTAMP NOT NULL)"
)
_SHOW = f"SELECT run_id, host, process, started_at FROM {TABLE}"


class Connection(Protocol):
    """What the lock needs of a connection."""

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> list[Row]:
        """Run one statement."""

    def table_names(self) -> set[str]:
        """The tables that are there."""

    def close(self) -> None:
        """End it."""


class WriterLock:
    """The lock, while it is held; `open_connection` opens a connection of its own for it."""

    def __init__(self, open_connection: Callable[[], Connection]) -> None:
        self._holder = secrets.token_hex(16)
        self._connection = open_connection()
        try:
            self._take()
        except BaseException:
            self._connection.close()
            raise

    def _take(self) -> None:
        _create_table(self._connection)
        last = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self._become_holder(max(last - time.monotonic(), LOOK_SECONDS))
                return
            except (Conflict, Canceled) as error:
                self._connection.execute("ROLLBACK")
                if isinstance(error, Canceled) or time.monotonic() > last:
                    raise another_run(_said(self._connection)) from None
                time.sleep(LOOK_SECONDS)

    def _become_holder(self, seconds: float) -> None:
        """Write down who the holder is, for all to see; then hold the row.

        Between the two another may do the same. Who wrote last finds itself in the row, and holds it.
        """
        run = self._connection.execute
        _set_timeout(self._connection, seconds)
        run("BEGIN")
        run(f"LOCK {TABLE}")
        run(f"DELETE FROM {TABLE}")
        run(f"INSERT INTO {TABLE} (holder, run_id, host, process, started_at) VALUES (?, ?, ?, ?, ?)", self._row())
        run("COMMIT")
        run("BEGIN")
        run(f"UPDATE {TABLE} SET process = process WHERE holder = ?", (self._holder,))
        if not run(f"SELECT 1 FROM {TABLE} WHERE holder = ?", (self._holder,)):
            who = _said(self._connection)
            run("ROLLBACK")
            raise another_run(who)
        _set_timeout(self._connection, 0)

    def _row(self) -> tuple[object, ...]:
        """The holder, with the number that its run will have: no other run can take it meanwhile."""
        run_id = 1
        if "etl_runs" in self._connection.table_names():
            run_id = self._connection.execute("SELECT COALESCE(MAX(run_id), 0) + 1 FROM etl_runs")[0][0]
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        return self._holder, run_id, socket.gethostname(), os.getpid(), now

    def check(self) -> None:
        """Raise WarehouseError if the lock was lost with its connection: another run may be at work."""
        try:
            self._connection.execute("SELECT 1")
        except WarehouseError as error:
            raise WarehouseError(
                "the connection that held the writer's lock was lost", hint="Nothing of this chunk was kept; run again."
            ) from error

    def release(self) -> None:
        """Let others write; a connection that is lost has done so."""
        with suppress(WarehouseError):
            self._connection.execute(f"DELETE FROM {TABLE}")
            self._connection.execute("COMMIT")
        self._connection.close()


def holder(connection: Connection) -> str:
    """Who holds the lock; empty if nobody does. It waits for half a second at the most."""
    if TABLE not in connection.table_names():
        return ""
    who = _said(connection, "")
    return "" if not who or _is_free(connection) else who


def _is_free(connection: Connection) -> bool:
    """Whether the lock can be had: who was killed leaves a row and no lock."""
    _set_timeout(connection, LOOK_SECONDS)
    connection.execute("BEGIN")
    try:
        connection.execute(f"LOCK {TABLE}")
    except WarehouseError:
        return False
    else:
        return True
    finally:
        connection.execute("ROLLBACK")
        _set_timeout(connection, 0)


def _said(connection: Connection, unknown: str = "it has not said who it is") -> str:
    rows = connection.execute(_SHOW)
    if not rows:
        return unknown
    run_id, host, process, started_at = rows[0]
    return f"run {run_id} on {host} (process {process}), since {started_at} UTC"


def _create_table(connection: Connection) -> None:
    try:
        if TABLE not in connection.table_names():
            connection.execute(_CREATE)
    except WarehouseError:
        if TABLE not in connection.table_names():  # nor has another process just made it
            raise


def _set_timeout(connection: Connection, seconds: float) -> None:
    """End a statement that takes longer; 0 means never."""
    connection.execute(f"SET statement_timeout TO {int(seconds * 1000)}")
