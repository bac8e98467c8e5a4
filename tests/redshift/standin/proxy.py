"""One session: what the driver says on one side, PostgreSQL on the other, and Redshift's behaviour between them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.redshift.standin import copying, wire
from tests.redshift.standin.backend import Backend, as_error
from tests.redshift.standin.dialect import Plan, plan, unquoted
from tests.redshift.standin.tokens import Reader, quote
from tests.redshift.standin.transactions import Transaction
from tests.redshift.standin.values import Column
from tests.redshift.standin.wire import Channel, Closed, ServerError

if TYPE_CHECKING:
    from tests.redshift.standin import RedshiftStandIn


_COLUMNS = """
SELECT a.attname, CASE WHEN a.atttypid IN ('rs.string'::regtype, 'text'::regtype) THEN 'string'
    ELSE format_type(a.atttypid, NULL) END,
  a.atttypmod, a.attnotnull, a.attidentity = 'a', d.adbin IS NOT NULL, a.attrelid::bigint
FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


class Session:
    """A client's connection. It ends when either side goes."""

    def __init__(self, server: RedshiftStandIn, connection: socket.socket) -> None:
        self.server = server
        self.client = Channel(connection)
        self._transaction: Transaction | None = None
        self.user = ""
        self.case_sensitive = False
        self._plans: dict[str, Plan] = {}
        self._portals: dict[str, Plan] = {}
        self._failed = False
        self._hidden = b""
        self._has_cursor = False
        self._copy_count = 0
        self._copy_id = -1

    def run(self) -> None:
        """Serve the client until it goes."""
        try:
            self._start()
            while True:
                message = self.client.read()
                if message.kind == b"X":
                    return
                self._handle(message.kind, message.body)
        except Closed:
            pass
        except ServerError as error:
            self._say_farewell(error)
        finally:
            self.close()

    def close(self) -> None:
        """Cut both connections."""
        self.client.close()
        if self._transaction is not None:
            self._transaction.connection.close()

    @property
    def transaction(self) -> Transaction:
        """The transaction that the session is in, if it is in one."""
        if self._transaction is None:
            raise Closed
        return self._transaction

    @property
    def connection(self) -> Backend:
        """The connection to PostgreSQL."""
        return self.transaction.connection

    def _say_farewell(self, error: ServerError) -> None:
        self.client.write(b"E", error.fields("FATAL"))
        with contextlib.suppress(Closed):
            self.client.flush()

    # The start of a session

    def _start(self) -> None:
        parameters = self._greet()
        self.user = parameters.get("user", "")
        if parameters.get("database") != self.server.database:
            raise ServerError("3D000", f'database "{parameters.get("database")}" does not exist')
        self._authenticate()
        backend = Backend(self.server.socket_path, self.server.database)
        self._transaction = Transaction(self.server.versions, backend)
        for name, value in _STATUS:
            self.client.write(b"S", wire.text(name) + wire.text(value))
        self.client.write(b"K", struct.pack("!II", backend.pid, 0))
        self.client.write(b"Z", b"I")
        self.client.flush()

    def _greet(self) -> dict[str, str]:
        """Go over to TLS, and read the parameters."""
        while True:
            code, body = self.client.read_startup()
            if code == wire.SSL_REQUEST:
                self._take_up_tls()
            elif code == wire.GSS_REQUEST:
                self.client.write_raw(b"N")
                self.client.flush()
            elif code == wire.PROTOCOL:
                break
            else:
                raise Closed
        if not isinstance(self.client.socket, ssl.SSLSocket):
            raise ServerError("28000", 'no pg_hba.conf entry for host "127.0.0.1", SSL off')
        return wire.startup_parameters(body)

    def _take_up_tls(self) -> None:
        self.client.write_raw(b"S")
        self.client.flush()
        plain = self.client.socket
        self.client.detach_reader()
        try:
            self.client = Channel(self.server.certificates.context.wrap_socket(plain, server_side=True))
        except OSError as error:
            plain.close()
            raise Closed from error

    def _authenticate(self) -> None:
        salt = os.urandom(4)
        self.client.write(b"R", struct.pack("!I", 5) + salt)
        self.client.flush()
        given = self.client.read().body.rstrip(b"\0")
        password = self.server.passwords.get(self.user)
        if self.user.startswith(("IAM:", "IAMA:")) and self.server.accept_iam_users:
            password = None
        elif password is None or given != _hashed(self.user, password, salt):
            raise ServerError("28000", f'password authentication failed for user "{self.user}"')
        self.server.users.append(self.user)
        self.client.write(b"R", struct.pack("!I", 0))

    # Messages

    def _handle(self, kind: bytes, body: bytes) -> None:
        if kind == b"S":
            self._sync()
            return
        if kind == b"H":
            self.client.flush()
            return
        if kind == b"Q":
            self._simple(body)
            return
        if self._failed:
            return
        handlers: dict[bytes, Callable[[bytes], None]] = {
            b"P": self._parse,
            b"B": self._bind,
            b"D": self._describe,
            b"E": self._execute,
            b"C": self._close,
        }
        handler = handlers.get(kind)
        if handler is None:
            raise ServerError("08P01", f"the stand-in does not know the message {kind!r}")
        try:
            handler(body)
        except ServerError as error:
            self._fail(error)

    def _fail(self, error: ServerError) -> None:
        """Report an error; the transaction fails with it, and the messages up to the next Sync are left out."""
        self._failed = True
        self.connection.sync()
        if self.transaction.own_transaction:
            self.transaction.undo_own()
        self.connection.fail()
        self.client.write(b"E", error.fields())
        self.client.flush()

    def _sync(self) -> None:
        self._failed = False
        self.connection.sync()
        self.client.write(b"Z", self.connection.status)
        self.client.flush()

    def _simple(self, body: bytes) -> None:
        """A simple query is an extended one whose small answers nobody hears."""
        self._hidden = b"12nt"
        try:
            self._parse(wire.parse("", wire.split_text(body)[0]))
            self._bind(wire.bind("", ""))
            self._describe(b"P\0")
            self._execute(b"\0\0\0\0\0")
        except ServerError as error:
            self._fail(error)
        self._hidden = b""
        self._sync()

    def _answer(self, kind: bytes, body: bytes = b"") -> None:
        if kind not in self._hidden:
            self.client.write(kind, body)

    def _relay(self, kind: bytes, body: bytes, until: bytes) -> None:
        """Hand a message on, and the answers back.

        Raises:
            ServerError: the answer is an error.
        """
        for message in self.connection.ask(kind, body, until):
            if message.kind == b"E":
                raise as_error(message)
            answer = message.body
            if message.kind == b"T":
                answer = wire.with_types(answer, self.server.types)
            if message.kind == b"C":
                answer = _tag(answer)
            self._answer(message.kind, answer)

    def _parse(self, body: bytes) -> None:
        name, rest = wire.split_text(body)
        sql, types = wire.split_text(rest)
        self.server.statements.append(sql)
        found = plan(sql, case_sensitive=self.case_sensitive)
        if found.kind == "copy":
            copying.parse(found.tokens, case_sensitive=self.case_sensitive)
        if found.kind == "pass":
            self._relay(b"P", wire.parse(name, found.sql, types), b"1")
        else:
            self._answer(b"1")
        self._plans[name] = found

    def _bind(self, body: bytes) -> None:
        portal, rest = wire.split_text(body)
        name, _ = wire.split_text(rest)
        found = self._plan_of(name)
        self._portals[portal] = found
        if found.kind == "pass":
            self._prepare(found)
            self._relay(b"B", body, b"2")
        else:
            self._answer(b"2")

    def _plan_of(self, name: str) -> Plan:
        if name not in self._plans:
            raise ServerError("26000", f'prepared statement "{name}" does not exist')
        return self._plans[name]

    def _describe(self, body: bytes) -> None:
        what, name = body[:1], wire.split_text(body[1:])[0]
        found = self._plan_of(name) if what == b"S" else self._portals[name]
        if found.kind == "pass":
            self._relay(b"D", body, b"Tn")
            return
        if what == b"S":
            self._answer(b"t", b"\0\0")
        self._answer(b"n")

    def _close(self, body: bytes) -> None:
        name = wire.split_text(body[1:])[0]
        held = self._plans if body[:1] == b"S" else self._portals
        held.pop(name, None)
        self._relay(b"C", body, b"3")

    def _execute(self, body: bytes) -> None:
        portal = wire.split_text(body)[0]
        if portal not in self._portals:
            raise ServerError("34000", f'portal "{portal}" does not exist')
        found = self._portals[portal]
        if found.kind == "empty":
            self.client.write(b"I")
            return
        if found.kind == "pass":
            self._relay(b"E", body, b"CIs")
        else:
            self._prepare(found)
            self.client.write(b"C", wire.text(self._actions()[found.kind](found)))
        self._finish(found)

    def _actions(self) -> dict[str, Callable[[Plan], str]]:
        return {
            "begin": self._begin,
            "commit": self._commit,
            "rollback": self._rollback,
            "lock": self._lock,
            "copy": self._copy,
            "truncate": self._truncate,
            "append": self._append,
            "declare": self._declare,
            "set": self._set,
        }

    # Before and after a statement

    def _prepare(self, found: Plan) -> None:
        """Let fail what is to fail; take the locks and the snapshot that Redshift would take."""
        faults = self.server.faults
        if faults.take_cut(found.original, "before"):
            raise Closed
        error = faults.take_error(found.original)
        if error is not None:
            raise error
        if re.search(r"\bpg_last_copy_", found.original, re.IGNORECASE) and self.connection.status != b"E":
            self.connection.query(
                f"SELECT set_config('rs.copy_count', '{self._copy_count}', false),"
                f" set_config('rs.copy_id', '{self._copy_id}', false)"
            )
        if found.kind in ("pass", "copy"):
            self._take_cursor(found)
            self.transaction.before(found)

    def _take_cursor(self, found: Plan) -> None:
        """A session has one cursor at a time: https://docs.aws.amazon.com/redshift/latest/dg/declare.html."""
        word = found.sql.partition(" ")[0]
        if self.connection.status != b"T":
            self._has_cursor = False
        if word == "DECLARE" and self._has_cursor:
            raise ServerError("XX000", "only one cursor at a time can be open per session")
        self._has_cursor = (self._has_cursor or word == "DECLARE") and word != "CLOSE"

    def _finish(self, found: Plan) -> None:
        if found.kind in ("pass", "copy"):
            self.transaction.after(found)
        if self.server.faults.take_cut(found.original, "after"):
            raise Closed

    # Statements that PostgreSQL does not run as they are

    def _begin(self, found: Plan) -> str:
        self._has_cursor = False
        if self.connection.status == b"I":
            self.connection.query(found.sql)
            self.transaction.begun()
        return "BEGIN"

    def _commit(self, found: Plan) -> str:
        if self.connection.status == b"E":
            return self._rollback(found)
        if self.connection.status == b"T":
            self.transaction.commit()
        return "COMMIT"

    def _rollback(self, found: Plan) -> str:
        self.transaction.rollback()
        return "ROLLBACK"

    def _lock(self, found: Plan) -> str:
        self.connection.query(found.sql)
        return "LOCK TABLE"

    def _truncate(self, found: Plan) -> str:
        """It commits the transaction that it is in."""
        self.connection.query(found.sql)
        self.transaction.written |= found.writes
        self.transaction.commit()
        return "TRUNCATE TABLE"

    def _declare(self, found: Plan) -> str:
        self.connection.query(found.sql)
        return "ALTER TABLE"

    def _set(self, found: Plan) -> str:
        reader = Reader(found.tokens[1:])
        name = reader.name(case_sensitive=False)
        reader.next()
        value = reader.next().value
        if name == "enable_case_sensitive_identifier":
            self.case_sensitive = value.lower() in ("true", "on", "1")
        elif name == "search_path":
            self.transaction.schema = value.lower()
            self.connection.query(f"SET search_path TO {quote(value.lower())}, rs")
        elif name in ("statement_timeout", "timezone"):
            self.connection.query(f"SET {name} TO '{value}'")
        return "SET"

    def _append(self, found: Plan) -> str:
        """Move all rows from one table to another of the same columns; it commits at once."""
        if self.connection.status != b"I":
            raise ServerError("25001", "ALTER TABLE APPEND cannot run inside a transaction block")
        reader = Reader(found.tokens)
        reader.next()
        reader.expect("TABLE")
        target = reader.table(case_sensitive=found.case_sensitive)
        reader.expect("APPEND")
        reader.expect("FROM")
        source = reader.table(case_sensitive=found.case_sensitive)
        extra = reader.next().upper if not reader.done else ""
        reader.end()
        names = self._moved(target, source, extra)
        self.connection.query("BEGIN")
        self.connection.query(f"INSERT INTO {target} ({names}) SELECT {names} FROM {source}")
        self.connection.query(f"DELETE FROM {source}")
        self.transaction.written |= {unquoted(target), unquoted(source)}
        self.transaction.commit()
        return "ALTER TABLE APPEND"

    def _moved(self, target: str, source: str, extra: str) -> str:
        to, of = self._columns(target), self._columns(source)
        shared = [column for column in of if column in to]
        by_name = {column.name for column in to} & {column.name for column in of}
        if {column.name for column in shared} != by_name:
            raise ServerError("0A000", "columns of the same name must have the same attributes")
        if len(shared) < len(of) and extra != "IGNOREEXTRA":
            raise ServerError("0A000", "the source has columns that the target lacks: IGNOREEXTRA")
        if len(shared) < len(to) and extra != "FILLTARGET":
            raise ServerError("0A000", "the target has columns that the source lacks: FILLTARGET")
        return ", ".join(quote(column.name) for column in shared)

    # COPY

    def _copy(self, found: Plan) -> str:
        copy = copying.parse(found.tokens, case_sensitive=found.case_sensitive)
        if self.connection.status == b"E":
            raise ServerError(
                "25P02", "current transaction is aborted, commands ignored until end of transaction block"
            )
        if copy.role not in self.server.roles:
            raise ServerError("XX000", f"the cluster is not authorized to assume IAM Role {copy.role}", "code: 8001")
        columns = copying.targets(copy, self._columns(copy.table))
        self._copy_id, self._copy_count = self.server.next_query(), 0
        started = datetime.now(UTC)
        loader = copying.Loader(copy, columns, self.server.stores)
        count = [0]
        try:
            self._load(copy, columns, loader, count)
        except copying.TooManyErrors as error:
            raise ServerError(
                "XX000",
                f"Load into table '{unquoted(copy.table)}' failed."
                "  Check 'sys_load_error_detail' system table for details.",
            ) from error
        finally:
            self._record(loader.errors, copy.table, started)
        self._copy_count = 0 if copy.no_load else count[0]
        self._tell(copy, count[0], len(loader.errors))
        return "COPY"

    def _load(self, copy: copying.Copy, columns: list[Column], loader: copying.Loader, count: list[int]) -> None:
        chunks = _chunks(loader.rows(), count)
        if copy.no_load:
            for _ in chunks:
                pass
            return
        self.connection.copy(copying.backend_copy(copy, columns), chunks)

    def _columns(self, table: str) -> list[Column]:
        rows = self.connection.query(_COLUMNS.format(table=table.replace("'", "''")))
        self._table_id = int(rows[0][6] or 0) if rows else 0
        return [_column(row) for row in rows]

    def _record(self, errors: list[copying.LoadError], table: str, started: datetime) -> None:
        """The error tables are not part of the transaction."""
        self.server.record_errors(
            [
                (
                    100, self._copy_id, 0, self.connection.pid, self.server.database, self._table_id,
                    started.replace(tzinfo=None), error.file[:256], error.line,
                    error.column.name[:127] if error.column else "",
                    error.column.shown_type if error.column else "",
                    str(error.column.length or "") if error.column else "",
                    0, error.code, error.reason[:512], _printable(error.raw_line), _printable(error.raw_value),
                )
                for error in errors
            ]
        )  # fmt: skip

    def _tell(self, copy: copying.Copy, rows: int, errors: int) -> None:
        name = unquoted(copy.table)
        texts = [f"Load into table '{name}' completed, {rows} record(s) loaded successfully."]
        if errors:
            texts.append(f"Load into table '{name}' completed, {errors} record(s) could not be loaded.")
        for text in texts:
            self.client.write(b"N", ServerError("00000", text).fields("INFO"))


_STATUS = (
    ("server_version", "8.0.2"),
    ("server_encoding", "UNICODE"),
    ("client_encoding", "UNICODE"),
    ("DateStyle", "ISO, MDY"),
    ("integer_datetimes", "on"),
    ("is_superuser", "off"),
    ("TimeZone", "UTC"),
)


def _hashed(user: str, password: str, salt: bytes) -> bytes:
    inner = hashlib.md5(password.encode() + user.encode()).hexdigest()
    return b"md5" + hashlib.md5(inner.encode() + salt).hexdigest().encode()


def _tag(body: bytes) -> bytes:
    """The word for a finished command: Redshift does not count what a SELECT returned."""
    return b"SELECT\0" if body.startswith(b"SELECT") else body


def _chunks(rows: Iterator[list[str | None]], count: list[int]) -> Iterator[str]:
    lines: list[str] = []
    for row in rows:
        count[0] += 1
        lines.append(copying.as_copy_text(row))
        if len(lines) >= 1000:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def _column(row: list[str | None]) -> Column:
    name, kind, modifier = str(row[0]), str(row[1]), int(row[2] or -1)
    size = modifier - 4
    return Column(
        name=name,
        type=kind,
        length=size if kind == "string" and modifier > 0 else None,
        precision=size >> 16 if kind == "numeric" else None,
        scale=size & 0xFFFF if kind == "numeric" else None,
        not_null=row[3] == "t",
        is_identity=row[4] == "t",
    )


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode().replace("\0", ".")[:1024]
