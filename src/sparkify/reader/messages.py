"""Read one slice of a topic: messages in, accepted records, rejects and counts out.

A message holds one object. Blocks of messages whose values are canonical are handed on as they are; of others, the
messages at fault are found by halves and read one by one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from sparkify.contract import FILE_ID, LAST_TS, POSITION, RECORD_TYPES, RecordType
from sparkify.reader.examine import Grammar
from sparkify.reader.framing import Piece, whole
from sparkify.reader.reader import FileRead, Lines, OffsetsRead
from sparkify.reader.validation import CarefulReader, Reject, bounded
from sparkify.sources.base import SourceFile
from sparkify.sources.slices import Block, Messages
from sparkify.storage.spool import Spool, json_line

_FEW = 32
"""So many messages are read one by one when they are not all canonical."""


def read_messages(file: SourceFile, file_id: int, spool: Spool, *, carefully: bool = False) -> FileRead:
    """Read a slice; message by message if it is to be read `carefully`.

    Raises:
        SpoolFull: what was made of it does not fit.
    """
    content = file.source.open(file)
    assert isinstance(content, Messages)
    try:
        return _Reading(content, file_id, spool, carefully).run()
    finally:
        content.close()


class _Reading:
    """One slice on its way from messages to lines."""

    def __init__(self, messages: Messages, file_id: int, spool: Spool, carefully: bool) -> None:
        self._messages = messages
        self._file_id = file_id
        self._is_careful = carefully
        kind = messages.slice.kind
        self._grammar = Grammar(RECORD_TYPES[kind])
        self._reader = CarefulReader(RECORD_TYPES[kind])
        self._head = b'{"%b":%d,"%b":' % (FILE_ID.encode(), file_id, POSITION.encode())
        self._good, self._bad = Lines(spool, f"messages-{kind}"), Lines(spool, "rejects")
        self._records = self._rejected = self._tombstones = 0
        self._last_time: int | None = None

    def run(self) -> FileRead:
        with self._good, self._bad:
            for block in self._messages.blocks():
                self._take(block)
        part, end = self._messages.slice, self._messages.end
        gaps = end - part.begin - self._messages.count
        result = FileRead(self._file_id, part, self._messages.tag, self._messages.size, "", time.time())
        result.offsets = OffsetsRead(part.begin, end, self._tombstones, gaps, self._last_time)
        result.records, result.rejected, result.is_careful = self._records, self._rejected, self._is_careful
        result.has_topic_form = self._grammar.has_topic_form
        result.lines, result.path = self._good.written()
        result.reject_lines, result.reject_path = self._bad.written()
        result.unknown_names, result.examples = self._reader.told_names(), tuple(self._reader.examples)
        return result

    def _take(self, block: Block) -> None:
        rows = block.rows
        has_value = rows[:, 1] >= 0
        here = rows[has_value]
        self._tombstones += len(rows) - len(here)
        self._records += len(here)
        if (latest := int(rows[-1, 2])) >= 0:
            self._last_time = latest
        offsets: list[int] = here[:, 0].tolist()
        if self._take_canonical(offsets, _without_last_line_ends(block.values, here[:, 1])):
            return
        values = block.values.split(b"\n")[:-1]
        if len(values) != len(here):  # a value holds line ends
            values = list(_cut(block.values, here[:, 1].tolist()))
        if rejects := self._split(offsets, values):
            self._write_rejects(rejects, block)

    def _split(self, offsets: Sequence[int], values: Sequence[bytes]) -> list[Reject]:
        """Write the lines of canonical messages; halve others until they are few."""
        if len(values) <= _FEW or self._is_careful:
            return list(self._one_by_one(offsets, values))
        middle = len(values) // 2
        rejects: list[Reject] = []
        for part in (slice(0, middle), slice(middle, None)):
            lines = b"".join([value if value.endswith(b"\n") else value + b"\n" for value in values[part]])
            if not self._take_canonical(offsets[part], lines):
                rejects += self._split(offsets[part], values[part])
        return rejects

    def _take_canonical(self, offsets: Sequence[int], lines: bytes) -> bool:
        """Write the lines of some messages, if each message is one line, and all are canonical."""
        if self._is_careful or lines.count(b"\n") != len(offsets) or not self._grammar.accepts(lines, len(lines)):
            return False
        head = self._head
        pairs = zip(offsets, lines.split(b"\n"), strict=False)
        self._good.write(b"".join([b"%b%d,%b\n" % (head, offset, line[1:]) for offset, line in pairs]))
        return True

    def _one_by_one(self, offsets: Sequence[int], values: Sequence[bytes]) -> Iterator[Reject]:
        kind = self._reader.record_type
        pieces = (piece_of(value, offset, kind) for offset, value in zip(offsets, values, strict=True))
        for offset, found in zip(offsets, self._reader.read(pieces), strict=True):
            if isinstance(found, Reject):
                yield found
            else:
                found[FILE_ID], found[POSITION] = self._file_id, offset
                self._good.write(json_line(found))

    def _write_rejects(self, rejects: Sequence[Reject], block: Block) -> None:
        about = _times_and_keys(block, {reject.offset for reject in rejects})
        self._rejected += len(rejects)
        for reject in rejects:
            self._bad.write(json_line(_reject_row(reject, self._file_id, *about[reject.offset])))


def _without_last_line_ends(values: bytes, lengths: np.ndarray[Any, np.dtype[np.int64]]) -> bytes:
    """The values without the line end that each ends in, as those of the topic form do; else as they are.

    A line end is behind each value, so that one of its own makes two; there must be no others.
    """
    if not len(lengths) or values[-2:] != b"\n\n" or values.count(b"\n") != 2 * len(lengths):
        return values
    ends = np.cumsum(lengths + 1) - 2
    if not lengths.all() or (np.frombuffer(values, np.uint8)[ends] != ord("\n")).any():
        return values
    return values.replace(b"\n\n", b"\n")


def _cut(values: bytes, lengths: Sequence[int]) -> Iterator[bytes]:
    """Values by their lengths; a line end is behind each."""
    at = 0
    for length in lengths:
        yield values[at : at + length]
        at += length + 1


def piece_of(value: bytes, offset: int, record_type: RecordType) -> Piece:
    """The value of a message, which must be one object."""
    if fault := fault_of(value):
        return Piece(0, offset, value, fault=fault)
    return whole(value, offset, record_type)


def fault_of(value: bytes) -> str:
    """What can be said of a value that is surely no object, before it is parsed; empty if nothing."""
    if not value:
        return "is empty"
    if value[:1] == b"\0":
        return "is no JSON; it begins as Avro or Protobuf with the number of a schema does"
    return ""


def _times_and_keys(block: Block, offsets: set[int]) -> dict[int, tuple[int, bytes | None]]:
    """Time in milliseconds and key of some messages, by offset."""
    found = {}
    at = 0
    for offset, _, time_of_message, key_length in block.rows.tolist():
        length = max(key_length, 0)
        if offset in offsets:
            found[offset] = time_of_message, None if key_length < 0 else block.keys[at : at + length]
        at += length
    return found


def _reject_row(reject: Reject, file_id: int, time_of_message: int, key: bytes | None) -> dict[str, Any]:
    return {
        "file_id": file_id,
        "reject_no": reject.offset,
        "line": 0,
        "byte_offset": reject.offset,
        "raw_text": reject.raw_text,
        "raw_hash": reject.raw_hash,
        "records": 1,
        "field": reject.field,
        "reason": reject.reason,
        "suggestion": reject.suggestion,
        "message_time": as_time(time_of_message),
        "message_key": None if key is None else bounded(key),
    }


def as_time(milliseconds: int | None) -> str | None:
    """A time of Kafka's as a TIMESTAMP in UTC; None if it is none, or too large for one."""
    if milliseconds is None or not 0 <= milliseconds <= LAST_TS:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
