"""The PostgreSQL behind the stand-in: one connection of it per session."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from tests.redshift.standin import wire
from tests.redshift.standin.wire import Channel, Closed, Message, ServerError

STATEMENT = "standin"
"""The name of the statements that the stand-in prepares for itself."""


class Backend:
    """A connection to PostgreSQL, and the state of its transaction: `I` none, `T` open, `E` failed."""

    def __init__(self, socket_path: str, database: str) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(socket_path)
        self.channel = Channel(connection)
        self.status = b"I"
        self.pid = 0
        self.channel.write_raw(wire.startup({"user": "postgres", "database": database, **SETTINGS}))
        self.channel.flush()
        while True:
            message = self.channel.read()
            if message.kind == b"E":
                fields = wire.error_fields(message.body)
                raise ServerError(fields["C"], fields["M"])
            if message.kind == b"K":
                self.pid = int.from_bytes(message.body[:4], "big")
            if message.kind == b"Z":
                return

    def ask(self, kind: bytes, body: bytes, until: bytes) -> Iterator[Message]:
        """Send one message of the extended protocol, and read up to an answer of a kind in `until`, or an error."""
        self.channel.write(kind, body)
        self.channel.write(b"H")
        self.channel.flush()
        while True:
            message = self.channel.read()
            if message.kind in (b"S", b"N"):
                continue
            yield message
            if message.kind in _kinds(until) or message.kind == b"E":
                return

    def sync(self) -> None:
        """End a series of messages, and learn the state of the transaction."""
        self.channel.write(b"S")
        self.channel.flush()
        self._ready()

    def _ready(self) -> Message | None:
        """Read up to ReadyForQuery; the error that came before it."""
        error = None
        while True:
            message = self.channel.read()
            if message.kind == b"E":
                error = message
            if message.kind == b"Z":
                self.status = message.body
                return error

    def query(self, sql: str) -> list[list[str | None]]:
        """Run a statement of the stand-in's own; all values are text.

        Raises:
            ServerError: it failed.
        """
        write = self.channel.write
        write(b"C", b"S" + wire.text(STATEMENT))  # one that failed was left
        write(b"P", wire.parse(STATEMENT, sql))
        write(b"B", wire.bind("", STATEMENT))
        write(b"E", b"\0" + bytes(4))
        write(b"S")
        self.channel.flush()
        rows = []
        error = None
        while True:
            message = self.channel.read()
            if message.kind == b"D":
                rows.append(wire.row_values(message.body))
            if message.kind == b"E":
                error = message
            if message.kind == b"Z":
                self.status = message.body
                break
        if error is not None:
            raise as_error(error)
        return rows

    def copy(self, sql: str, chunks: Iterator[str]) -> None:
        """Run a COPY … FROM STDIN; whatever `chunks` raises undoes it, and is raised again.

        Raises:
            ServerError: it failed.
        """
        self.channel.write(b"Q", wire.text(sql))
        self.channel.flush()
        message = self._first_of(b"GE")
        if message.kind == b"E":
            self._ready()
            raise as_error(message)
        try:
            for chunk in chunks:
                self.channel.write(b"d", chunk.encode())
        except BaseException:
            self.channel.write(b"f", wire.text("load failed"))
            self.channel.flush()
            self._ready()
            raise
        self.channel.write(b"c")
        self.channel.flush()
        error = self._ready()
        if error is not None:
            raise as_error(error)

    def _first_of(self, kinds: bytes) -> Message:
        while True:
            message = self.channel.read()
            if message.kind in _kinds(kinds):
                return message

    def fail(self) -> None:
        """Let the transaction fail, if there is one."""
        if self.status != b"T":
            return
        with contextlib.suppress(ServerError):
            self.query("SELECT 1 / 0")

    def close(self) -> None:
        """End the connection; PostgreSQL undoes what is open."""
        try:
            self.channel.write(b"X")
            self.channel.flush()
        except Closed:
            pass
        self.channel.close()


SETTINGS = {
    "options": (
        "-c search_path=public,rs -c timezone=UTC -c datestyle=ISO -c client_min_messages=warning"
        " -c default_transaction_isolation=repeatable\\ read -c rs.copy_count=0 -c rs.copy_id=-1"
    )
}
"""Snapshot isolation is what PostgreSQL calls repeatable read."""


def _kinds(letters: bytes) -> tuple[bytes, ...]:
    return tuple(letters[place : place + 1] for place in range(len(letters)))


def as_error(message: Message) -> ServerError:
    """An ErrorResponse as an exception, with PostgreSQL's names and codes put into Redshift's."""
    from tests.redshift.standin.faults import serializable_violation, too_long

    fields = wire.error_fields(message.body)
    if fields["C"] == "40001":
        return serializable_violation()
    if fields["C"] == "23514" and fields.get("n", "").startswith("bytes_"):
        return too_long()
    text = fields["M"].replace("rs.string", "character varying").replace("type string", "type character varying")
    return ServerError(fields["C"], text, fields.get("D", ""))
