"""Split a stream into records: objects with separators between them, on lines or not, in arrays or not.

White space, commas, brackets and byte-order marks between objects are separators. After text that is no record, records
are looked for line by line. Every piece knows the line and the byte at which it begins, in the decompressed stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from sparkify.contract import MAX_RECORD_BYTES
from sparkify.errors import Damaged
from sparkify.sources.base import Readable

BLOCK_BYTES = 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_SEPARATORS = re.compile(rb"(?:[ \t\r\n,\[\]]+|\xef\xbb\xbf)*")
_SEPARATORS_AT_END = re.compile(rb"(?:[ \t\r,\[\]]|\xef\xbb\xbf)+\Z")
_LONGEST_SEPARATOR = len(BYTE_ORDER_MARK)
_SEVERAL = re.compile(rb"\}(?:[ \t\r,\[\]]|\xef\xbb\xbf)*\{")
"""What is between two records on one line; also between two objects in one."""
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

    def skip_separators(self) -> bool:
        """Move on to what is no separator; False if there is nothing."""
        while True:
            found = _SEPARATORS.match(self.data, self.at)
            self.advance(found.end() - self.at if found else 0)
            if self.left >= _LONGEST_SEPARATOR or (self.left and self.data[self.at] != BYTE_ORDER_MARK[0]):
                return True
            if not self.extend():
                return self.left > 0


def split(stream: Readable, name: str) -> Iterator[Piece]:
    """The records of a stream, whatever its form.

    Raises:
        Damaged: the stream is UTF-16 or UTF-32 (`name` is what the message calls it).
    """
    window = Window(stream)
    window.extend()
    refuse_wide_text(window.data, name)
    if not window.skip_separators():
        return
    if _is_newline_delimited(window):
        yield from _lines(window)
    else:
        yield from _sequence(window)


def refuse_wide_text(head: bytes | bytearray, name: str) -> None:
    """Refuse text in UTF-16 or UTF-32, which begins with a mark or has a NUL beside its first letter.

    Raises:
        Damaged: it is such a text.
    """
    nul = [byte == 0 for byte in head[:4]]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or nul in ([True, False] * 2, [False, True] * 2):
        reason = "is not UTF-8, it looks like UTF-16"
        raise Damaged(f"{name} {reason}; nothing of it was loaded", reason=reason, hint="Save it as UTF-8.")


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
        if raw and not raw.isspace():
            yield from _of_line(raw, line, offset)
        offset += len(raw) + 1
        line += 1


def _of_line(raw: bytes, line: int, offset: int) -> Iterator[Piece]:
    """The records of one line; what cannot be read is one piece, to the end of the line."""
    begin, end = _bounds(raw)
    if _SEVERAL.search(raw, begin, end):
        text = raw.decode("latin-1")
        while begin < end and text[begin] == "{":
            try:
                _, after = _DECODER.raw_decode(text, begin)
            except (ValueError, RecursionError):
                break
            yield Piece(line, offset + begin, raw[begin:after])
            found = _SEPARATORS.match(raw, after)
            begin = found.end() if found else after
    if begin < end:
        yield Piece(line, offset + begin, raw[begin:end])


def _bounds(raw: bytes) -> tuple[int, int]:
    """Where a line begins and ends without the separators around it."""
    first = _SEPARATORS.match(raw)
    begin = first.end() if first else 0
    if raw[begin : begin + 1] != b"{" and begin < len(raw):  # text of which a bracket may be a part
        return len(raw) - len(raw.lstrip(_BLANK)), len(raw.rstrip(_BLANK))
    if raw.endswith(b"}"):
        return begin, len(raw)
    cut = raw.rfind(b"}") + 1
    last = _SEPARATORS_AT_END.match(raw, cut) if cut else None
    return begin, last.start() if last else len(raw.rstrip(_BLANK))


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
        while window.skip_separators():
            if window.data[window.at] != ord("{"):
                _break("is not JSON: a record begins with {, and this is other text")
            yield _next_value(window)
    except _Broken as broken:
        yield _rest_of_line(window, str(broken))
        yield from _lines(window)


def _rest_of_line(window: Window, fault: str) -> Piece:
    """What follows a syntax error, to the end of its line: one reject."""
    length = _length_of_line(window)
    if length > MAX_RECORD_BYTES:
        return _endless_line(window)
    line, offset = window.line, window.offset
    return Piece(line, offset, window.advance(length).rstrip(_BLANK), fault=fault)


def _next_value(window: Window) -> Piece:
    """The object that begins here."""
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
