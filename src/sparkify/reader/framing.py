"""Split a stream into records, whatever its form (DESIGN section 3, "One grammar").

A file is a sequence of objects with separators between them: white space, commas, brackets, byte-order marks. All else
between two objects is one span, which is one reject. Every piece knows the line and the byte at which it begins, in the
decompressed stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from xxhash import xxh3_128_hexdigest

from sparkify.contract import EVENTS, TOPIC_FORM_NAMES, RecordType
from sparkify.errors import Damaged
from sparkify.reader import window as windows
from sparkify.reader.lanes import CANDIDATE, FLAT_OBJECT, Lanes
from sparkify.reader.separators import BYTE_ORDER_MARK, Brackets, end_of_separators
from sparkify.reader.span import SpanBuilder
from sparkify.reader.window import Window
from sparkify.sources.base import Readable, Resume

_BRACE = ord("{")
_SPACE = b" \t\r\n"
_FIRST_BYTES = 4
"""How many bytes tell UTF-16 and UTF-32."""
_NEAR_BYTES = 64 * 1024
"""An object is likely to be shorter than this: one more block is read before anything else is tried."""
_WRAPPED = re.compile(rb'\{[ \t\r\n]*("(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*")[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*\{')


@dataclass(frozen=True, slots=True)
class Span:
    """What is known of a span beside its beginning: its size in bytes, the records that it counts for, and its hash.

    `is_last` says that the file ends with it. The hash is the XXH3-128 of all its bytes, in hexadecimal.
    """

    size: int
    records: int
    hash: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """One record as it is written, or the beginning of a span; or what has a `fault` that was found without reading."""

    line: int
    offset: int
    raw: bytes
    span: Span | None = None
    fault: str = ""


def known_names(record_type: RecordType) -> frozenset[str]:
    """All names that a record of a kind may have."""
    return frozenset((*record_type.names, *(TOPIC_FORM_NAMES if record_type is EVENTS else ())))


def split(stream: Readable, name: str, record_type: RecordType, begin: Resume | None = None) -> Pieces:
    """The records and spans of a stream; `name` is what messages call it.

    With `begin` it is what follows that place in a file of which all before was read.
    """
    return Pieces(stream, name, record_type, begin)


class Pieces:
    """The records and spans of a stream, given once, in their order.

    `brackets` are those among the separators that have no partner; known at the end. `wrapped_by` is the name under
    which the stream's first object holds a list of objects, which are no records then; empty if it does not; known with
    the first piece. `resume` is the place behind the last object, if all before it stays as it is whatever follows the
    stream; known at the end.
    """

    def __init__(self, stream: Readable, name: str, record_type: RecordType, begin: Resume | None = None) -> None:
        self._begin = begin
        self._behind = begin
        self._last_object = -1
        self.brackets = Brackets(opened=begin.opened if begin else 0)
        self.wrapped_by = ""
        self._name = name
        self._known = known_names(record_type)
        self._window = Window(stream)
        if begin:
            self._window.begin, self._window.line = begin.offset, begin.line
        self._lanes = Lanes(self._window, record_type)

    def __iter__(self) -> Iterator[Piece]:
        """The pieces.

        Raises:
            Damaged: the stream is UTF-16 or UTF-32.
        """
        window = self._window
        if self._begin is None:
            while window.left < _FIRST_BYTES and window.extend():
                pass
            refuse_wide_text(window.data, self._name)
            if not self._skip_separators():
                return
            if self._is_wrapped_list():
                yield from self._wrapped_list()
                return
        while self._skip_separators():
            size = self._size_of_object()
            if size:
                yield self._object(size)
            else:
                yield from self._span()

    @property
    def resume(self) -> Resume | None:
        """See the class."""
        return self._behind if self._last_object < self._lanes.cut.first else None

    def _object(self, size: int) -> Piece:
        """The object that begins here; the place behind it and its line end is noted."""
        window = self._window
        line, offset = window.line, window.offset
        raw = window.advance(size)
        self._last_object = offset
        is_line = window.data[window.at : window.at + 1] == b"\n"
        behind = Resume(window.offset + is_line, window.line + is_line, self.brackets.opened)
        self._behind = None if self.brackets.closed else behind
        return Piece(line, offset, raw)

    def _skip_separators(self) -> bool:
        """Move on to what is no separator; False if there is nothing."""
        window = self._window
        if window.data[window.at : window.at + 2] == b"\n{":  # by far the commonest; the rest takes ten times as long
            window.line += 1
            window.at += 1
            return True
        while True:
            passed = window.advance(end_of_separators(window.data, window.at) - window.at)
            if passed and passed != b"\n":
                self.brackets.count(passed)
            is_sure = window.left >= len(BYTE_ORDER_MARK) or (window.left and window.data[window.at] == _BRACE)
            if is_sure or not window.extend():
                return window.left > 0

    def _size_of_object(self) -> int:
        """The bytes of the object that begins here; 0 if none does."""
        window = self._window
        while not (found := FLAT_OBJECT.match(window.data, window.at)):
            if window.data[window.at] != _BRACE:
                return 0
            if window.left >= _NEAR_BYTES or not window.extend():
                return max(0, self._lanes.find(window.offset).end - window.offset)
        size = found.end() - window.at
        return size if size <= windows.LONGEST_OBJECT else 0

    def _span(self) -> Iterator[Piece]:
        """What is no record, up to the next object that has a required name, and that object."""
        window, span = self._window, SpanBuilder()
        line, offset = window.line, window.offset
        look_from = offset + (window.data[window.at] == _BRACE)
        while (start := self._next_candidate(look_from, span)) is not None:
            end, is_named = self._lanes.find(start)
            if end > 0 and is_named:
                span.feed(window.advance(start - window.offset))
                yield self._finished(span, line, offset)
                yield self._object(end - start)
                return
            look_from = self._lanes.after(start)
        yield self._finished(span, line, offset)

    def _next_candidate(self, start: int, span: SpanBuilder) -> int | None:
        """Where an object may begin, from a place on; what is passed goes into the span if it can be long."""
        window = self._window
        while True:
            if start - window.offset > windows.BLOCK_BYTES:
                span.feed(window.advance(start - window.offset))
            found = CANDIDATE.search(window.data, start - window.begin)
            if found and found.start() + window.begin <= window.decided:
                return found.start() + window.begin
            if window.is_last:
                span.feed(window.advance(window.left))
                return None
            start = max(start, window.decided + 1)
            span.feed(window.advance(start - window.offset))
            window.reach(start)

    def _finished(self, span: SpanBuilder, line: int, offset: int) -> Piece:
        span.finish()
        self.brackets.add(span.brackets)
        is_last = self._window.is_last and not self._window.left
        return Piece(line, offset, span.head, Span(span.size, span.records, span.hash, is_last))

    def _is_wrapped_list(self) -> bool:
        """Whether the first object holds a list of objects under a name that is no field, and is itself no record."""
        window = self._window
        while window.left < _NEAR_BYTES and window.extend():
            pass
        found = _WRAPPED.match(window.data, window.at)
        name = _text_of(found[1]) if found else ""
        if not found or name in self._known:
            return False
        end, is_named = self._lanes.find(window.offset)
        if end > 0 and is_named:
            return False
        self.wrapped_by = name
        return True

    def _wrapped_list(self) -> Iterator[Piece]:
        """The object that wraps a list, if it is whole, and all that follows as one span."""
        window = self._window
        if size := self._size_of_object():
            yield Piece(window.line, window.offset, window.advance(size))
        if self._skip_separators():
            span = SpanBuilder()
            line, offset = window.line, window.offset
            span.feed(window.advance(window.left))
            while window.extend():
                span.feed(window.advance(window.left))
            yield self._finished(span, line, offset)


def whole(value: bytes, place: int, record_type: RecordType) -> Piece:
    """A value that must be one object, as the one in a message at some place; if it is not, all of it is a span."""
    text = value.strip(_SPACE)
    if _is_object(text, record_type):
        return Piece(0, place, value)
    return Piece(0, place, value, Span(len(value), 1, xxh3_128_hexdigest(value), is_last=True))


def _is_object(text: bytes, record_type: RecordType) -> bool:
    if len(text) > windows.LONGEST_OBJECT or not text.startswith(b"{"):
        return False
    if FLAT_OBJECT.fullmatch(text):
        return True
    return Lanes(Window(BytesIO(), text), record_type).find(0).end == len(text)


def refuse_wide_text(head: bytes | bytearray, name: str) -> None:
    """Refuse text in UTF-16 or UTF-32, which begins with a mark or has a NUL beside its first letter.

    Raises:
        Damaged: it is such a text.
    """
    nul = [byte == 0 for byte in head[:4]]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or nul in ([True, False] * 2, [False, True] * 2):
        looks = "UTF-32" if head[:4] == b"\xff\xfe\0\0" else "UTF-16"
        reason = f"is not UTF-8, it looks like {looks}: save it as UTF-8"
        raise Damaged(f"{name} {reason}; nothing of it was loaded", reason=reason)


def _text_of(literal: bytes) -> str:
    """The text that a JSON literal stands for."""
    try:
        return str(json.loads(literal.decode("utf-8", "replace")))
    except ValueError:
        return literal.decode("utf-8", "replace")
