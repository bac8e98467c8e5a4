"""Split a stream into records: newline-delimited, one after another, or one array of them.

Every piece knows the line and the byte at which it begins, in the decompressed stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from sparkify.contract import MAX_RECORD_BYTES
from sparkify.errors import SourceError
from sparkify.sources.base import Readable

BLOCK_BYTES = 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_BLANKS = re.compile(rb"[ \t\r\n]*")
_NUMBER_TAIL = 4
"""A number cut off after its digits, as in `1.` or `1e-`, is taken for a shorter one that ends before these bytes."""
_KEPT_BYTES = 4096
"""How much of a record that cannot be read is handed on, in bytes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One record in its raw form, without blanks around it; `fault` says why it could not be split off, if so."""

    line: int
    offset: int
    raw: bytes
    fault: str = ""


class Window:
    """A part of the stream and a place in it: `data[at:]` is still to be read, and begins in line `line`."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._block = bytearray(BLOCK_BYTES)
        self._begin = 0
        self._text: str | None = None
        self.data = b""
        self.at = 0
        self.line = 1
        self.is_last = False

    @property
    def offset(self) -> int:
        """The place in the stream, in bytes."""
        return self._begin + self.at

    @property
    def left(self) -> int:
        """How many bytes of the window are still to be read."""
        return len(self.data) - self.at

    @property
    def text(self) -> str:
        """The window as Latin-1, in which one letter is one byte: the marks of JSON are the same as in UTF-8."""
        if self._text is None:
            self._text = self.data.decode("latin-1")
        return self._text

    def extend(self) -> bool:
        """Read one more block; False at the end of the stream."""
        if self.is_last:
            return False
        count = self._stream.readinto(memoryview(self._block))
        self.is_last = count == 0
        self.data = self.data[self.at :] + self._block[:count]
        self._begin, self.at, self._text = self.offset, 0, None
        return count > 0

    def advance(self, count: int) -> bytes:
        """Move on by `count` bytes, and return them."""
        passed = self.data[self.at : self.at + count]
        self.line += passed.count(b"\n")
        self.at += len(passed)
        return passed

    def skip_blanks(self) -> bool:
        """Move on to what is not blank; False if there is nothing."""
        while True:
            blanks = _BLANKS.match(self.data, self.at)
            self.advance(blanks.end() - self.at if blanks else 0)
            if self.left:
                return True
            if not self.extend():
                return False

    def drain(self) -> bytes:
        """Read to the end of the stream; the beginning of what was there is returned."""
        kept = b""
        while self.left or self.extend():
            passed = self.advance(self.left)
            kept = kept or passed[:_KEPT_BYTES]
        return kept


def split(stream: Readable, name: str) -> Iterator[Piece]:
    """The records of a stream, whatever its form.

    Raises:
        SourceError: the stream is UTF-16 or UTF-32 (`name` is what the message calls it).
    """
    window = Window(stream)
    window.extend()
    refuse_wide_text(window.data, name)
    if window.data.startswith(BYTE_ORDER_MARK):
        window.advance(len(BYTE_ORDER_MARK))
    if not window.skip_blanks():
        return
    if window.data.startswith(b"[", window.at):
        yield from _array(window)
    elif _is_newline_delimited(window):
        yield from _lines(window)
    else:
        yield from _sequence(window)


def refuse_wide_text(head: bytes | bytearray, name: str) -> None:
    """Refuse text in UTF-16 or UTF-32, which begins with a mark or has a NUL beside its first letter.

    Raises:
        SourceError: it is such a text.
    """
    nul = [byte == 0 for byte in head[:4]]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or nul in ([True, False] * 2, [False, True] * 2):
        raise SourceError(
            f"{name} is not UTF-8, it looks like UTF-16; nothing of it was loaded", hint="Save it as UTF-8."
        )


def _is_newline_delimited(window: Window) -> bool:
    """Whether the first line is a whole record, or the second begins with `{` (blank lines do not count)."""
    length = _length_of_line(window)
    if length > MAX_RECORD_BYTES:
        return not _begins_a_sequence(window)
    if _is_json(window.data[window.at : window.at + length]):
        return True
    while not (rest := window.data[window.at + length :].lstrip(_BLANK)):
        if not window.extend():
            return False
    return rest.startswith(b"{") and window.data[-len(rest) - 1 : -len(rest)] == b"\n"


def _length_of_line(window: Window) -> int:
    """Bytes from here to the end of the line and with it; more than the longest record if it does not end before."""
    while (end := window.data.find(b"\n", window.at)) < 0:
        if window.left > MAX_RECORD_BYTES or not window.extend():
            return window.left
    return end + 1 - window.at


def _is_json(raw: bytes) -> bool:
    try:
        _DECODER.decode(raw.decode("latin-1"))
    except (ValueError, RecursionError):
        return False
    return True


def _begins_a_sequence(window: Window) -> bool:
    """Whether a long first line begins with a whole value and goes on behind it."""
    try:
        _, end = _DECODER.raw_decode(window.text, window.at)
    except (ValueError, RecursionError):
        return False
    rest = window.data[end:].lstrip(b" \t\r")
    return bool(rest) and not rest.startswith(b"\n")


def _lines(window: Window) -> Iterator[Piece]:
    while window.left or window.extend():
        complete = window.data.rfind(b"\n", window.at) + 1 - window.at
        if complete > 0:
            yield from _complete_lines(window, complete)
        elif window.left > MAX_RECORD_BYTES:
            yield _endless_line(window)
        elif not window.extend():
            yield from _complete_lines(window, window.left)


def _complete_lines(window: Window, length: int) -> Iterator[Piece]:
    offset, line = window.offset, window.line
    for raw in window.advance(length).split(b"\n"):
        stripped = raw.strip(_BLANK)
        if stripped:
            yield Piece(line, offset + raw.index(stripped[:1]), stripped)
        offset += len(raw) + 1
        line += 1


def _endless_line(window: Window) -> Piece:
    """A line too long to be held: one piece, and on to the next line."""
    line, offset, kept = window.line, window.offset, window.data[window.at : window.at + _KEPT_BYTES]
    while (end := window.data.find(b"\n", window.at)) < 0:
        window.advance(window.left)
        if not window.extend():
            break
    window.advance(end + 1 - window.at if end >= 0 else window.left)
    return Piece(line, offset, kept, fault=f"is longer than {MAX_RECORD_BYTES:,} bytes")


class _Broken(Exception):
    """No record begins or ends where one must."""


def _break(what: str) -> NoReturn:
    raise _Broken(what)


def _sequence(window: Window) -> Iterator[Piece]:
    try:
        while window.skip_blanks():
            yield _next_value(window)
    except _Broken as broken:
        yield _rest(window, str(broken))


def _array(window: Window) -> Iterator[Piece]:
    try:
        window.advance(1)
        if _next_mark(window) != b"]":
            yield _next_value(window)
            while (mark := _next_mark(window)) == b",":
                window.advance(1)
                window.skip_blanks()
                yield _next_value(window)
            if mark != b"]":
                _break("is not JSON: expecting a comma or the end of the array")
        window.advance(1)
        if window.skip_blanks():
            _break("follows the end of the array")
    except _Broken as broken:
        yield _rest(window, str(broken))


def _next_mark(window: Window) -> bytes:
    if not window.skip_blanks():
        _break("is cut off: the array has no end")
    return window.data[window.at : window.at + 1]


def _rest(window: Window, fault: str) -> Piece:
    """What follows a syntax error, to the end of the file: one reject."""
    line, offset = window.line, window.offset
    return Piece(line, offset, window.drain(), fault=fault)


def _next_value(window: Window) -> Piece:
    """The JSON value that begins here, whatever it is."""
    while True:
        try:
            _, end = _DECODER.raw_decode(window.text, window.at)
        except RecursionError:
            _break("is nested too deeply")
        except ValueError as error:
            fault = _syntax_fault(window, error)
            if window.left <= MAX_RECORD_BYTES and window.extend():
                continue
            _break(fault)
        start = window.at
        if end > len(window.data) - _NUMBER_TAIL and window.extend():
            continue  # a number may go on in the next block
        end += window.at - start  # the window may have moved at the end of the stream
        line, offset = window.line, window.offset
        return Piece(line, offset, window.advance(end - window.at))


def _syntax_fault(window: Window, error: ValueError) -> str:
    if window.left > MAX_RECORD_BYTES:
        return f"is longer than {MAX_RECORD_BYTES:,} bytes, or is not JSON"
    if not isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error}"
    if error.pos >= len(window.data.rstrip(_BLANK)) or error.msg.startswith("Unterminated string"):
        return "is cut off: the file ends within it"
    return f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]} at byte {error.pos - window.at} of it"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _as_written(number: str) -> str:
    return number  # int() of a number of thousands of digits is slow, or refused


_DECODER = json.JSONDecoder(parse_int=_as_written, parse_float=_as_written, parse_constant=_no_constant)
