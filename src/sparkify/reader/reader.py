"""Read one file: bytes in, accepted records, rejects and counts out.

`read` depends on nothing but its arguments, and what it takes and returns can be pickled. A canonical file is handed on
as it is; any other is read record by record. What comes out is newline-delimited JSON that a typed reader cannot
misread (see `canonical`), whatever went in.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sparkify.contract import FILE_ID, RECORD_TYPES
from sparkify.errors import FileError
from sparkify.reader.appearance import Headed, refuse_other_format
from sparkify.reader.examine import PACKED_BELOW, Content, begin_of, content_of, examine, read_twice
from sparkify.reader.failure import MOST_REJECTS, why_failed
from sparkify.reader.framing import split
from sparkify.reader.validation import CarefulReader, Reject
from sparkify.sources.base import Grown, Resume, SourceFile, shown
from sparkify.sources.open import OpenFile
from sparkify.storage.spool import Spool, SpoolFile, json_line


class OffsetsRead(NamedTuple):
    """Which offsets of a partition were read: from `begin` to `end`, which is not among them.

    `tombstones` messages have no value, `without_record` offsets hold no message. `last_time` is that of the last
    message, in milliseconds since the epoch; None if it is unknown.
    """

    begin: int
    end: int
    tombstones: int
    without_record: int
    last_time: int | None


@dataclass(slots=True)
class FileRead:
    """What was read of a file, and what the manifest will say of it.

    `records` counts what is in the file; `rejected` of them are in the rejects, the others are to be loaded: from
    `lines` or the file at `path`, each with its file_id, or, if `is_whole`, as they are at `path`. `failure` says
    why nothing of the file is loaded; `keeps_rows` that the rows of an earlier content stay. `read_at` is in
    seconds since the epoch. `offsets` says what of a partition was read, if it is a slice. Of those rejected,
    replays resolve `resolved`, which is known when they are in the warehouse.
    `has_topic_form` says that among those to be loaded are events of the topic form, under its names.
    `examples` are its first rejects, one of each kind.
    `has_unpaired_brackets` says that brackets between records have no partner, as in a list cut off. `resume` is where
    reading can go on if the file grows.
    """

    file_id: int
    file: SourceFile
    tag: str = ""
    size: int = 0
    hash: str = ""
    read_at: float = 0.0
    records: int = 0
    rejected: int = 0
    resolved: int = 0
    lines: bytes = b""
    path: str = ""
    is_whole: bool = False
    has_topic_form: bool = False
    is_careful: bool = False
    is_held: bool = False
    reject_lines: bytes = b""
    reject_path: str = ""
    examples: tuple[Reject, ...] = ()
    unknown_names: tuple[str, ...] = ()
    has_unpaired_brackets: bool = False
    failure: str = ""
    keeps_rows: bool = field(default=False)
    offsets: OffsetsRead | None = None
    resume: Resume | None = None

    @property
    def accepted(self) -> int:
        """How many records are to be loaded."""
        return 0 if self.failure else self.records - self.rejected


def read(file: SourceFile, file_id: int, spool: Spool, *, carefully: bool = False) -> FileRead:
    """Read a file; one that is not canonical, or is to be read `carefully`, record by record.

    A file that cannot be read is one that failed, not an error.

    Raises:
        SourceError: the source as a whole cannot be read.
        SpoolFull: what was made of the file does not fit.
    """
    try:
        found = None if carefully else examine(file, file_id, spool)
        if found is None:
            return _read_record_by_record(file, file_id, spool)
    except FileError as error:
        return failed(file, file_id, error)
    result = _read_of(file, file_id, found.content)
    result.records, result.lines, result.path = found.records, found.lines, found.path
    result.is_whole, result.has_topic_form = bool(found.path), found.has_topic_form
    result.has_unpaired_brackets = begin_of(file).opened > 0
    result.resume = found.resume if found.records or isinstance(file, Grown) else None
    return result


def failed(file: SourceFile, file_id: int, error: FileError) -> FileRead:
    """A file of which nothing could be read."""
    result = FileRead(file_id, file, size=file.size, read_at=time.time())
    result.failure, result.keeps_rows = error.reason or error.what, error.keeps_rows
    if not error.keeps_rows:
        result.tag = file.tag
    return result


def _read_of(file: SourceFile, file_id: int, content: Content) -> FileRead:
    return FileRead(file_id, file, content.tag, content.size, content.hash, time.time())


class _AcceptedLate(Exception):
    """A record was accepted after more rejects than are kept of a file that failed."""


def _read_record_by_record(file: SourceFile, file_id: int, spool: Spool) -> FileRead:
    """Read a file record by record.

    While nothing was accepted, the file is likely to fail, and only its first rejects are kept: no more are written,
    so that they cannot fill the spool. In the rare case that a record is accepted after them, the file is read once
    more, and all rejects are written.
    """
    if isinstance(file, Grown):  # it cannot fail: records of it were accepted
        return read_twice(file, lambda stream: _read_records(stream, file_id, spool, sys.maxsize))
    try:
        return read_twice(file, lambda stream: _read_records(stream, file_id, spool, MOST_REJECTS))
    except _AcceptedLate:
        return read_twice(file, lambda stream: _read_records(stream, file_id, spool, sys.maxsize))


def _read_records(stream: OpenFile, file_id: int, spool: Spool, most_before_any: int) -> FileRead:
    """Read a stream; of the rejects before the first accepted record `most_before_any` are written.

    Raises:
        _AcceptedLate: a record was accepted after rejects that were not written.
    """
    record_type = RECORD_TYPES[stream.file.kind]
    reader = CarefulReader(record_type)
    name = shown(stream.file.uri)
    headed = Headed(stream)
    grown = stream.file if isinstance(stream.file, Grown) else None
    if not grown:
        refuse_other_format(headed.head, name)
    pieces = split(headed, name, record_type, grown.resume if grown else None)
    loaded = rejected = number = 0
    with Lines(spool, f"careful-{stream.file.kind}") as good, Lines(spool, "rejects") as bad:
        for found in reader.read(pieces):
            if isinstance(found, Reject):
                number += 1
                rejected += found.records
                if loaded or number <= most_before_any:
                    bad.write(json_line(_reject_row(found, file_id, number)))
            elif not loaded and number > most_before_any:
                raise _AcceptedLate
            else:
                found[FILE_ID] = file_id
                good.write(json_line(found))
                loaded += 1
    result = _read_of(stream.file, file_id, content_of(stream))
    result.is_careful, result.records, result.rejected = True, loaded + rejected, rejected
    result.examples = tuple(reader.examples)
    if not grown:
        result.failure = why_failed(reader, headed.head, pieces.wrapped_by, loaded, number, rejected)
    if (loaded or grown) and not stream.packing:
        result.resume = pieces.resume
    result.lines, result.path = good.written()
    result.reject_lines, result.reject_path = bad.written()
    result.has_unpaired_brackets = not pieces.brackets.are_paired
    result.unknown_names = reader.told_names()
    return result


class Lines:
    """Lines that stay in memory while they are few, and go into a file of the spool when they are many."""

    def __init__(self, spool: Spool, stem: str) -> None:
        self._spool = spool
        self._stem = stem
        self._held: list[bytes] = []
        self._size = 0
        self._path = ""
        self._out: SpoolFile | None = None

    def write(self, line: bytes) -> None:
        """Add one line, or several."""
        self._held.append(line)
        self._size += len(line)
        if self._size > PACKED_BELOW:
            self._flush()

    def _flush(self) -> None:
        if self._out is None:
            self._path = self._spool.path(self._stem)
            self._out = self._spool.create(self._path)
        self._out.write(b"".join(self._held))
        self._held, self._size = [], 0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is left, unless something went wrong."""
        if self._out is not None:
            if kind is None:
                self._flush()
            self._out.__exit__()

    def written(self) -> tuple[bytes, str]:
        """At the end: the lines if they are in memory, else the path of their file."""
        return (b"".join(self._held), "") if self._out is None else (b"", self._path)


def _reject_row(reject: Reject, file_id: int, number: int) -> dict[str, Any]:
    return {
        "file_id": file_id,
        "reject_no": number,
        "line": reject.line,
        "byte_offset": reject.offset,
        "raw_text": reject.raw_text,
        "raw_hash": reject.raw_hash,
        "records": reject.records,
        "field": reject.field,
        "reason": reject.reason,
        "suggestion": reject.suggestion,
    }
