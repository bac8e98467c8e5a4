"""The messages of the PostgreSQL wire protocol, version 3: what the driver and both servers say to each other."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Mapping
from typing import NamedTuple

PROTOCOL = 196608
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102


class Message(NamedTuple):
    """One message: the letter that says its kind, and its body."""

    kind: bytes
    body: bytes


class Closed(Exception):
    """The other side has gone."""


class ServerError(Exception):
    """An error as the server reports it: SQLSTATE, message, detail."""

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail

    def fields(self, severity: str = "ERROR") -> bytes:
        """The body of its ErrorResponse."""
        pairs = [("S", severity), ("C", self.code), ("M", self.message), ("D", self.detail)]
        return b"".join(name.encode() + text.encode() + b"\0" for name, text in pairs if text) + b"\0"


class Channel:
    """A connection that carries messages."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._reader = connection.makefile("rb")
        self._pending = bytearray()

    def read(self) -> Message:
        """The next message.

        Raises:
            Closed: there is none.
        """
        kind, length = struct.unpack("!cI", self._exactly(5))
        return Message(kind, self._exactly(length - 4))

    def read_startup(self) -> tuple[int, bytes]:
        """The first message of a connection, which has no letter: its code and its body."""
        length, code = struct.unpack("!II", self._exactly(8))
        return code, self._exactly(length - 8)

    def _exactly(self, size: int) -> bytes:
        try:
            found = self._reader.read(size)
        except (OSError, ValueError) as error:
            raise Closed from error
        if len(found) < size:
            raise Closed
        return found

    def write(self, kind: bytes, body: bytes = b"") -> None:
        """Queue a message."""
        self._pending += kind + struct.pack("!I", len(body) + 4) + body
        if len(self._pending) > 1 << 16:
            self.flush()

    def write_raw(self, data: bytes) -> None:
        """Queue bytes that are not a message."""
        self._pending += data

    def flush(self) -> None:
        """Send what is queued."""
        data, self._pending = bytes(self._pending), bytearray()
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Closed from error

    def detach_reader(self) -> None:
        """Give up reading, so that TLS can take the socket over."""
        self._reader.close()

    def close(self) -> None:
        """End the connection at once."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._reader.close()
        self.socket.close()


def text(value: str) -> bytes:
    """A text as the protocol writes it."""
    return value.encode() + b"\0"


def split_text(body: bytes) -> tuple[str, bytes]:
    """The text at the head of a body, and the rest."""
    head, _, rest = body.partition(b"\0")
    return head.decode(), rest


def startup(parameters: Mapping[str, str]) -> bytes:
    """The first message of a client."""
    body = struct.pack("!I", PROTOCOL)
    body += b"".join(text(name) + text(value) for name, value in parameters.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def startup_parameters(body: bytes) -> dict[str, str]:
    """The parameters in the first message of a client."""
    parts = body.rstrip(b"\0").split(b"\0")
    return {name.decode(): value.decode() for name, value in zip(parts[::2], parts[1::2], strict=True)}


def parse(name: str, sql: str, types: bytes = b"\0\0") -> bytes:
    """The body of Parse; `types` as the client sent them."""
    return text(name) + text(sql) + types


def bind(portal: str, statement: str, rest: bytes = b"\0\0\0\0\0\0") -> bytes:
    """The body of Bind; without `rest` there are no parameters, and all results are text."""
    return text(portal) + text(statement) + rest


def error_fields(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse."""
    parts = [part for part in body.split(b"\0") if part]
    return {part[:1].decode(): part[1:].decode(errors="replace") for part in parts}


def with_types(body: bytes, types: Mapping[int, int]) -> bytes:
    """A RowDescription with some types' numbers replaced."""
    (count,) = struct.unpack_from("!H", body)
    out = bytearray(body[:2])
    at = 2
    for _ in range(count):
        end = body.index(b"\0", at) + 1
        table, column, kind, size, modifier, form = struct.unpack_from("!IhIhih", body, end)
        out += body[at:end] + struct.pack("!IhIhih", table, column, types.get(kind, kind), size, modifier, form)
        at = end + 18
    return bytes(out)


def row_values(body: bytes) -> list[str | None]:
    """The values of a DataRow whose format is text."""
    (count,) = struct.unpack_from("!H", body)
    at = 2
    values: list[str | None] = []
    for _ in range(count):
        (size,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return values
