"""Standard input, output and messages, whatever the process was started with: a full disk, a closed file, a pipe.

What cannot be written to standard output is an error, for it is data. Messages that cannot be written are lost, and
change nothing about what the command does.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import TYPE_CHECKING

from sparkify.errors import OutputError

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer

BUFFER_BYTES = 64 * 1024


class ReaderGone(Exception):
    """The reader of standard output, such as `head`, has seen enough. No OSError, of which typer makes an exit."""


class _Stream(io.RawIOBase):
    """A descriptor to write to; what goes wrong is told once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_lost = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some bytes; once that has failed they are dropped."""
        size = memoryview(data).nbytes
        if self._is_lost:
            return size
        try:
            return _written(self._descriptor, data)
        except OSError as error:
            self._is_lost = True
            self.failed(error)
        return size

    def failed(self, error: OSError) -> None:
        """What a fault means: nothing, for messages."""

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._descriptor >= 0 and os.isatty(self._descriptor)


class _Data(_Stream):
    """Standard output."""

    def failed(self, error: OSError) -> None:
        """What is missing there must not look like success."""
        if isinstance(error, BrokenPipeError):  # its reader has seen enough
            raise ReaderGone from error
        closed = self._descriptor < 0
        reason = "it is closed" if closed else (error.strerror or str(error)).lower()
        raise OutputError(
            f"cannot write to standard output: {reason}",
            hint="Send it to a file or a pipe that can take it; what the command did before stays.",
        ) from error


def _written(descriptor: int, data: ReadableBuffer) -> int:
    """How many bytes were written; a pipe that does not block is waited for."""
    while True:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            select.select([], [descriptor], [])


def take_over() -> None:
    """Put streams of this module in the place of the standard ones; descriptors that are closed are opened on nothing.

    Otherwise the next file to be opened, such as the warehouse, would be the one to which messages are written.
    """
    is_open = [_fill(number) for number in range(3)]
    if sys.stdin is None or not is_open[0]:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = _taken_over(sys.stdout, 1, is_open[1], _Data)
    sys.stderr = _taken_over(sys.stderr, 2, is_open[2], _Stream)


def _fill(number: int) -> bool:
    """Whether a descriptor was open; now it is."""
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        return False
    return True


def _taken_over(stream: TextIO | None, number: int, is_open: bool, kind: type[_Stream]) -> TextIO:
    """A text stream over a descriptor; one that does not write there (a test's) stays."""
    if stream is None or not is_open:
        return _text(kind(-1), "utf-8", at_once=False)
    if not isinstance(stream, io.TextIOWrapper) or stream.fileno() != number:
        return stream
    at_once = stream.line_buffering or stream.write_through or number == 2
    return _text(kind(number), stream.encoding, at_once=at_once)


def _text(raw: _Stream, encoding: str, *, at_once: bool) -> TextIO:
    """What the encoding cannot write is written as an escape."""
    buffer = io.BufferedWriter(raw, BUFFER_BYTES)
    return io.TextIOWrapper(buffer, encoding, errors="backslashreplace", line_buffering=at_once)
