"""Find out whether a file is canonical: every line a record that no reader can misunderstand (see `canonical`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple, TypeVar

import numpy as np

from sparkify.contract import EVENTS, FILE_ID, RECORD_TYPES, RecordType
from sparkify.reader.canonical import canonical_lines, canonical_topic_lines, has_only_short_lines
from sparkify.reader.separators import BYTE_ORDER_MARK
from sparkify.sources.base import Grown, Resume, SourceFile, keeps_changing
from sparkify.sources.open import OpenFile, opened
from sparkify.storage.spool import Spool, SpoolFile

BLOCK_BYTES = 512 * 1024
"""How much of a file is looked at in one go; small enough to stay in the processor's cache."""
PACKED_BELOW = 256 * 1024
"""Files below this many bytes are packed together: a statement of its own costs more than copying them."""

T = TypeVar("T")


class Content(NamedTuple):
    """What was read of a file: its tag, its size in bytes and its hash, as it is stored."""

    tag: str
    size: int
    hash: str


class Canonical(NamedTuple):
    """A canonical file: its records are in `lines`, each with its file_id, or as they are in the file at `path`.

    `resume` is where reading can go on if the file grows.
    `has_topic_form` says that some of them are events of the topic form.
    """

    content: Content
    records: int
    resume: Resume | None = None
    lines: bytes = b""
    path: str = ""
    has_topic_form: bool = False


class Grammar:
    """What the lines of a file may be: canonical records, of either form where there are two.

    A block of lines is of one form; most files are. A file in which the forms take turns is read record by record.
    """

    def __init__(self, record_type: RecordType) -> None:
        self._pattern = canonical_lines(record_type)
        self._has_two = record_type is EVENTS
        self.has_topic_form = False

    def accepts(self, lines: bytes | bytearray, end: int) -> bool:
        """Whether `lines[:end]` are canonical; what was found of their form is remembered."""
        if not has_only_short_lines(lines, end):
            return False
        if self._has_two and self.has_topic_form and canonical_topic_lines().fullmatch(lines, 0, end):
            return True
        if self._pattern.fullmatch(lines, 0, end):
            return True
        if self._has_two and not self.has_topic_form and canonical_topic_lines().fullmatch(lines, 0, end):
            self.has_topic_form = True
            return True
        return False


def content_of(stream: OpenFile) -> Content:
    """What a stream is, once it was read to its end."""
    return Content(stream.tag, stream.size, stream.hash)


def is_small(file: SourceFile) -> bool:
    """Whether a file is so small that its records are handed on in memory."""
    return file.unread < PACKED_BELOW and not file.packing


def read_twice(file: SourceFile, read: Callable[[OpenFile], T]) -> T:
    """Read a file; once more if it changed meanwhile.

    Raises:
        FileError: it cannot be opened, is damaged, or changed again.
    """
    for _ in range(2):
        with opened(file) as stream:
            result = read(stream)
            if stream.is_unchanged:
                return result
    raise keeps_changing(file)


def examine(file: SourceFile, file_id: int, spool: Spool) -> Canonical | None:
    """A file, if all of its lines are canonical."""
    record_type = RECORD_TYPES[file.kind]
    if is_small(file):
        return read_twice(file, lambda stream: _small(stream, file_id, Grammar(record_type)))
    path = spool.path("whole")
    found = read_twice(file, lambda stream: _large(stream, record_type, path, spool))
    if found is None:
        return None
    canonical, stored_at = found
    if stored_at:
        os.symlink(stored_at, path)  # a name without characters that are special in a pattern of names
    return canonical


def _small(stream: OpenFile, file_id: int, grammar: Grammar) -> Canonical | None:
    buffer = bytearray(stream.file.unread + 1)
    size = 0
    while size < len(buffer) and (count := stream.readinto(memoryview(buffer)[size:])):
        size += count
    if size == len(buffer):
        return None  # it grew since it was listed
    text = bytes(memoryview(buffer)[:size])
    lines = text.removeprefix(BYTE_ORDER_MARK).rstrip(b" \t\r\n") + b"\n"
    resume = _behind(stream, text.count(b"\n"))
    if lines == b"\n":
        return Canonical(content_of(stream), 0, resume)
    if not grammar.accepts(lines, len(lines)):
        return None
    accepted = with_file_id(lines, file_id)
    return Canonical(content_of(stream), lines.count(b"\n"), resume, accepted, "", grammar.has_topic_form)


def _behind(stream: OpenFile, line_ends: int) -> Resume | None:
    """The place behind all that was read of a canonical file, in which there were so many line ends."""
    if stream.packing:
        return None
    before = begin_of(stream.file)
    return Resume(stream.size, before.line + line_ends, before.opened)


def begin_of(file: SourceFile) -> Resume:
    """Where the reading of a file begins."""
    return file.resume if isinstance(file, Grown) else Resume()


def with_file_id(lines: bytes, file_id: int) -> bytes:
    """Canonical lines, each with its file_id as the first member; a line begins with its `{`."""
    member = b'{"%s":%d,' % (FILE_ID.encode(), file_id)
    return member + lines[1:].replace(b"\n{", b"\n" + member)


def _large(stream: OpenFile, record_type: RecordType, path: str, spool: Spool) -> tuple[Canonical, str] | None:
    """A large file, and where it is on this machine; `path` gets its lines if it is elsewhere, or packed."""
    grammar = Grammar(record_type)
    with nullcontext() if stream.path else spool.create(path) as out:
        counted = _count_canonical(stream, grammar, out)
    if counted is None:
        return None
    records, line_ends = counted
    resume = _behind(stream, line_ends)
    return Canonical(content_of(stream), records, resume, b"", path, grammar.has_topic_form), stream.path


def _count_canonical(stream: OpenFile, grammar: Grammar, out: SpoolFile | None) -> tuple[int, int] | None:
    """How many records and line ends there are, if all lines are canonical. The stream is copied to `out`."""
    buffer = bytearray(BLOCK_BYTES)
    view = memoryview(buffer)
    letters = np.frombuffer(buffer, dtype=np.uint8)
    held = line_ends = 0
    while count := stream.readinto(view[held:]):
        end = held + count
        if out:
            out.write(view[held:end])
        cut = buffer.rfind(b"\n", held, end) + 1
        if not cut:
            if end == len(buffer):
                return None  # a line longer than a block
            held = end
            continue
        if not grammar.accepts(buffer, cut):
            return None
        line_ends += int(np.count_nonzero(letters[:cut] == ord("\n")))
        view[: end - cut] = view[cut:end]
        held = end - cut
    last = bytes(view[:held]).rstrip(b" \t\r") + b"\n"
    if last == b"\n":
        return line_ends, line_ends
    if len(last) > PACKED_BELOW or not grammar.accepts(last, len(last)):
        return None
    return line_ends + 1, line_ends
