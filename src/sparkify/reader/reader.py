"""Make files ready for bulk loading: plain ones as they lie, tiny ones packed, all others record by record.

What comes out is newline-delimited JSON that a typed reader cannot misread (see `plain`), whatever went in.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat
from typing import Any, TypeVar

import numpy as np

from sparkify.contract import FILE_ID, RECORD_TYPES, Kind, RecordType
from sparkify.reader.canonical import Pattern, canonical_lines, has_only_short_lines
from sparkify.reader.framing import BYTE_ORDER_MARK, split
from sparkify.reader.validation import CarefulReader, Reject
from sparkify.sources.base import SourceFile, keeps_changing, shown
from sparkify.sources.open import OpenFile, opened
from sparkify.storage.spool import Spool, SpoolFile, json_line

BLOCK_BYTES = 512 * 1024
"""How much of a file is looked at in one go; small enough to stay in the processor's cache."""
PACKED_BELOW = 256 * 1024
"""Files below this many bytes are packed together: a statement of its own costs more than copying them."""


@dataclass(slots=True)
class ReadFile:
    """A file that was read: what the manifest will say of it.

    `records` counts what is in the file; `rejected` of them are in the rejects, the others are to be loaded.
    `read_at` is in seconds since the epoch.
    """

    file_id: int
    file: SourceFile
    tag: str
    size: int
    hash: str
    read_at: float
    records: int
    rejected: int = 0


@dataclass(slots=True)
class Batch:
    """Lines of one record type, ready for one bulk load.

    `whole` are files in which every line belongs to the file_id beside the path; lines in `packed` carry their own.
    `landed` are the file_ids of objects that the warehouse has taken in already.
    """

    record_type: RecordType
    whole: list[tuple[str, int]] = field(default_factory=list)
    packed: list[str] = field(default_factory=list)
    landed: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Staged:
    """A chunk of files made ready: batches to load, rejects, and what the manifest will say."""

    batches: dict[Kind, Batch]
    files: list[ReadFile]
    reject_paths: list[str]
    unknown_names: dict[Kind, set[str]]

    @property
    def records(self) -> int:
        """Records in all the files."""
        return sum(read.records for read in self.files)

    @property
    def rejected(self) -> int:
        """How many of them were rejected."""
        return sum(read.rejected for read in self.files)


@dataclass(slots=True)
class _Canonical:
    """A file of plain lines: where the lines are and how many. The hash of one that was not read here is empty."""

    path: str
    tag: str
    size: int
    hash: str
    records: int


def _plain(path: str, stream: OpenFile, records: int) -> _Canonical:
    return _Canonical(path, stream.tag, stream.size, stream.hash, records)


T = TypeVar("T")
Progress = Callable[[SourceFile], None]
Land = Callable[[SourceFile, int], int | None]
"""Lets the warehouse take in a file, which gets the number given: how many records it has, or None if it does not."""


class Stager:
    """Reads files and gives numbers to them and to their rejects, from the given ones on."""

    def __init__(
        self, spool: Spool, next_file_id: int, next_reject_id: int, land: Land, progress: Progress | None = None
    ) -> None:
        self._spool = spool
        self._land = land
        self._next_file_id = next_file_id
        self._next_reject_id = next_reject_id
        self._progress = progress or (lambda _file: None)

    def stage(self, files: Sequence[SourceFile], careful: frozenset[str] = frozenset()) -> Staged:
        """Make files ready; of those that are read here, the ones whose URI is in `careful` are read record by record.

        Raises:
            SourceError: a file cannot be read, is damaged, or keeps changing.
        """
        staged = Staged(
            batches={kind: Batch(record_type) for kind, record_type in RECORD_TYPES.items()},
            files=[],
            reject_paths=[],
            unknown_names={kind: set() for kind in RECORD_TYPES},
        )
        files = self._take_landing(files, staged)
        small = [file for file in files if _is_small(file) and file.uri not in careful]
        large = [file for file in files if not _is_small(file) and file.uri not in careful]
        todo = [file for file in files if file.uri in careful]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
            paths = [self._spool.path("whole") for _ in large]
            examined = threads.map(_examine_file, large, paths, repeat(self._spool))
            todo += self._pack(small, staged)
            todo += self._sort_out(zip(large, examined, strict=True), staged)
        for file in todo:
            self._read_carefully(file, staged)
            self._progress(file)
        return staged

    def _take_landing(self, files: Sequence[SourceFile], staged: Staged) -> list[SourceFile]:
        """Let the warehouse take in what is to land there; the files that must be read here are returned."""
        here = []
        for file in files:
            found = self._landed(file) if file.by_engine else None
            if found is None:
                here.append(file)
                continue
            staged.batches[file.kind].landed.append(self._add(staged, file, found).file_id)
            self._progress(file)
        return here

    def _landed(self, file: SourceFile) -> _Canonical | None:
        """Let one object land as it is now, if it can; once more if it changed meanwhile."""
        for _ in range(2):
            records = self._land(file, self._next_file_id)
            if records is None:
                return None
            now = file.source.file_at(file.kind, file.uri)
            if now.tag == file.tag:
                return _Canonical("", now.tag, now.size, "", records)
            file = now
        raise keeps_changing(file)

    def _add(self, staged: Staged, file: SourceFile, found: _Canonical) -> ReadFile:
        read = ReadFile(self._next_file_id, file, found.tag, found.size, found.hash, time.time(), found.records)
        self._next_file_id += 1
        staged.files.append(read)
        return read

    def _pack(self, files: list[SourceFile], staged: Staged) -> Iterator[SourceFile]:
        """Pack small plain files into one; those that are not plain are returned."""
        for kind, batch in staged.batches.items():
            of_kind = [file for file in files if file.kind == kind]
            if not of_kind:
                continue
            path = self._spool.path(f"packed-{kind}")
            examine = partial(_small_content, pattern=canonical_lines(batch.record_type))
            with self._spool.create(path) as out:
                for file in of_kind:
                    content = _twice(file, examine)
                    if content is None:
                        yield file
                        continue
                    lines, found = content
                    read = self._add(staged, file, found)
                    out.write(_with_file_id(lines, read.file_id))
                    self._progress(file)
            batch.packed.append(path)

    def _sort_out(
        self, examined: Iterable[tuple[SourceFile, _Canonical | None]], staged: Staged
    ) -> Iterator[SourceFile]:
        """Take plain files as they lie; those that are not plain are returned."""
        for file, found in examined:
            if found is None:
                yield file
                continue
            read = self._add(staged, file, found)
            staged.batches[file.kind].whole.append((found.path, read.file_id))
            self._progress(file)

    def read_again(self, file_ids: set[int], staged: Staged) -> Staged:
        """Read files record by record that were staged as plain and break the contract all the same.

        They leave `staged` with all that was said of them; what comes back stands for them.
        """
        files = [replace(read.file, by_engine=False) for read in staged.files if read.file_id in file_ids]
        staged.files = [read for read in staged.files if read.file_id not in file_ids]
        again = self.stage(files, frozenset(file.uri for file in files))
        staged.files += again.files
        staged.reject_paths += again.reject_paths
        for kind, names in again.unknown_names.items():
            staged.unknown_names[kind] |= names
        return again

    def _read_carefully(self, file: SourceFile, staged: Staged) -> None:
        batch = staged.batches[file.kind]
        good, bad = self._spool.path(f"careful-{file.kind}"), self._spool.path("rejects")
        reader = CarefulReader(batch.record_type)

        def read(stream: OpenFile) -> tuple[_Canonical, int]:
            loaded, rejected = self._write_records(reader, stream, good, bad)
            return _plain(good, stream, loaded + rejected), rejected

        found, rejected = _twice(file, read)
        self._add(staged, file, found).rejected = rejected
        self._next_reject_id += rejected
        staged.unknown_names[file.kind] |= reader.unknown_names
        batch.packed.append(good)
        if rejected:
            staged.reject_paths.append(bad)

    def _write_records(self, reader: CarefulReader, stream: OpenFile, good: str, bad: str) -> tuple[int, int]:
        """Write the good records as plain lines, the bad ones as rejects; the numbers of both come back."""
        loaded = rejected = 0
        with self._spool.create(good) as records, self._spool.create(bad) as rejects:
            for result in reader.read(split(stream, shown(stream.file.uri))):
                if isinstance(result, Reject):
                    row = _reject_row(result, self._next_reject_id + rejected, self._next_file_id)
                    rejects.write(json_line(row))
                    rejected += 1
                else:
                    result[FILE_ID] = self._next_file_id
                    records.write(json_line(result))
                    loaded += 1
        return loaded, rejected


def _reject_row(reject: Reject, reject_id: int, file_id: int) -> dict[str, Any]:
    return {
        "reject_id": reject_id,
        "file_id": file_id,
        "line": reject.line,
        "byte_offset": reject.offset,
        "raw_text": reject.raw_text,
        "field": reject.field,
        "reason": reject.reason,
        "suggestion": reject.suggestion,
    }


def _is_small(file: SourceFile) -> bool:
    return file.size < PACKED_BELOW and not file.packing


def _twice(file: SourceFile, read: Callable[[OpenFile], T]) -> T:
    """Read a file; once more if it changed meanwhile."""
    for _ in range(2):
        with opened(file) as stream:
            result = read(stream)
            if stream.is_unchanged:
                return result
    raise keeps_changing(file)


def _small_content(stream: OpenFile, pattern: Pattern) -> tuple[bytes, _Canonical] | None:
    """The lines of a small file if it is plain."""
    buffer = bytearray(stream.file.size + 1)
    size = 0
    while size < len(buffer) and (count := stream.readinto(memoryview(buffer)[size:])):
        size += count
    if size == len(buffer):
        return None  # it grew since it was listed
    lines = bytes(memoryview(buffer)[:size]).removeprefix(BYTE_ORDER_MARK).rstrip(b" \t\r\n") + b"\n"
    if lines == b"\n":
        return b"", _plain("", stream, 0)
    if not has_only_short_lines(lines, len(lines)) or not pattern.fullmatch(lines):
        return None
    return lines, _plain("", stream, lines.count(b"\n"))


def _with_file_id(lines: bytes, file_id: int) -> bytes:
    """Plain lines, each with its file_id as the first member; a line begins with its `{`."""
    if not lines:
        return b""
    member = b'{"%s":%d,' % (FILE_ID.encode(), file_id)
    return member + lines[1:].replace(b"\n{", b"\n" + member)


def _examine_file(file: SourceFile, path: str, spool: Spool) -> _Canonical | None:
    """What the manifest needs to know of a file, if all its lines are plain.

    `path` becomes a link to the file, or holds its lines if they are not on this machine, or packed.
    """

    def examine(stream: OpenFile) -> tuple[_Canonical, str] | None:
        with nullcontext() if stream.path else spool.create(path) as out:
            records = _count_canonical(stream, RECORD_TYPES[file.kind], out)
        return None if records is None else (_plain(path, stream, records), stream.path)

    result = _twice(file, examine)
    if result is None:
        return None
    found, lies_at = result
    if lies_at:
        os.symlink(lies_at, path)  # a name without characters that are special in a pattern of names
    return found


def _count_canonical(stream: OpenFile, record_type: RecordType, out: SpoolFile | None) -> int | None:
    """How many lines there are, if all are plain. The stream is copied to `out`."""
    pattern = canonical_lines(record_type)
    buffer = bytearray(BLOCK_BYTES)
    view = memoryview(buffer)
    letters = np.frombuffer(buffer, dtype=np.uint8)
    held = records = 0
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
        if not pattern.fullmatch(buffer, 0, cut) or not has_only_short_lines(buffer, cut):
            return None
        records += int(np.count_nonzero(letters[:cut] == ord("\n")))
        view[: end - cut] = view[cut:end]
        held = end - cut
    last = bytes(view[:held]).rstrip(b" \t\r")
    if last:
        if not pattern.fullmatch(last + b"\n") or len(last) > PACKED_BELOW:
            return None
        records += 1
    return records
