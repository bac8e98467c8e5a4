"""Snapshots and locks: what Redshift does to concurrent transactions that write to one table.

A transaction sees the database as it was at its first statement other than LOCK. If it writes to a table that
somebody else has written to since, it fails: under snapshot isolation, the default, with words, under serializable
isolation with error 1023. If it touches one that was made or dropped since, it fails with 1018. Writers take turns: a
table that one transaction writes to is locked for others until it ends. A statement that is committed by itself waits
for that before it takes its snapshot.

https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html and
https://docs.aws.amazon.com/redshift/latest/dg/r_BEGIN.html (READ ONLY)
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Literal

from tests.redshift.standin.backend import Backend
from tests.redshift.standin.dialect import Plan
from tests.redshift.standin.faults import no_relation, serializable_violation, write_conflict
from tests.redshift.standin.tokens import quote
from tests.redshift.standin.wire import ServerError

Isolation = Literal["snapshot", "serializable"]
"""The isolation level of the database; snapshot is that of new ones."""


class Versions:
    """How often each table was written to, and defined again, by transactions that are committed."""

    def __init__(self) -> None:
        self.isolation: Isolation = "snapshot"
        self.lock = threading.RLock()
        self._rows: dict[str, int] = {}
        self._definitions: dict[str, int] = {}

    def snapshot(self) -> tuple[dict[str, int], dict[str, int]]:
        """The state of now."""
        return dict(self._rows), dict(self._definitions)

    def bump(self, written: Iterable[str], defined: Iterable[str] = ()) -> None:
        """Note what a transaction changed."""
        with self.lock:
            for table in written:
                self._rows[table] = self._rows.get(table, 0) + 1
            for table in defined:
                self._definitions[table] = self._definitions.get(table, 0) + 1

    def rows_changed(self, table: str, snapshot: dict[str, int]) -> bool:
        """Whether somebody wrote to a table after a snapshot."""
        return self._rows.get(table, 0) != snapshot.get(table, 0)

    def definition_changed(self, table: str, snapshot: dict[str, int]) -> bool:
        """Whether somebody made or dropped a table after a snapshot."""
        return self._definitions.get(table, 0) != snapshot.get(table, 0)


class Transaction:
    """The transaction of a session."""

    def __init__(self, versions: Versions, connection: Backend) -> None:
        self.versions = versions
        self.connection = connection
        self.schema = "public"
        self.written: set[str] = set()
        self.own_transaction = False
        self._defined: set[str] = set()
        self._temporary: set[str] = set()
        self._snapshot: tuple[dict[str, int], dict[str, int]] | None = None

    def before(self, plan: Plan) -> None:
        """Take the snapshot and the locks of a statement. One that writes outside a transaction gets one of its own."""
        if self.connection.status == b"E":
            return
        writes = {table for table in plan.writes if table not in self._temporary} - plan.temporary
        if self.connection.status == b"I" and plan.writes:
            self.connection.query("BEGIN")
            self.begun()
            self.own_transaction = True
        if self.connection.status != b"T":
            return
        changed = writes - plan.creates
        if self._snapshot is None and self.own_transaction:
            self._lock(changed)
        self._take_snapshot()
        self._lock(changed)
        self._compare(changed, plan.reads)

    def _take_snapshot(self) -> None:
        if self._snapshot is None:
            with self.versions.lock:
                self._snapshot = self.versions.snapshot()
                self.connection.query("SELECT 1")

    def _lock(self, tables: set[str]) -> None:
        for table in sorted(tables - self.written):
            name = ".".join(quote(part) for part in table.split("."))
            if self.connection.query(f"SELECT 1 FROM pg_class WHERE oid = to_regclass('{name}') AND relkind = 'r'"):
                self.connection.query(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")

    def _compare(self, writes: set[str], reads: frozenset[str]) -> None:
        assert self._snapshot is not None
        rows, definitions = self._snapshot
        for table in sorted(writes | reads):
            if table not in self._defined and self.versions.definition_changed(self._full(table), definitions):
                raise no_relation(table)
        for table in sorted(writes - self.written):
            if table not in self._defined and self.versions.rows_changed(self._full(table), rows):
                raise serializable_violation(table) if self.versions.isolation == "serializable" else write_conflict()

    def after(self, plan: Plan) -> None:
        """Note what a statement changed; end its own transaction."""
        self._temporary |= plan.temporary
        permanent = plan.writes - self._temporary
        self.written |= permanent
        self._defined |= plan.creates - self._temporary
        if self.own_transaction:
            self.own_transaction = False
            self.commit()

    def _full(self, table: str) -> str:
        """The name of a table with its schema."""
        return table if "." in table else f"{self.schema}.{table}"

    def begun(self) -> None:
        """Forget the transaction before."""
        self.written, self._defined, self._snapshot = set(), set(), None

    def commit(self) -> None:
        """Commit, and tell the others."""
        with self.versions.lock:
            self.connection.query("COMMIT")
            self.versions.bump(map(self._full, self.written), map(self._full, self._defined))
        self.begun()

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        if self.connection.status != b"I":
            self.connection.query("ROLLBACK")
        self.begun()

    def undo_own(self) -> None:
        """Undo the transaction of a single statement that failed."""
        self.own_transaction = False
        try:
            self.rollback()
        except ServerError:
            self.begun()
