"""What was read of files, gathered for bulk loading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product

from sparkify.contract import RECORD_TYPES, Kind, RecordType
from sparkify.reader.reader import FileRead
from sparkify.storage.spool import Spool, SpoolFile


@dataclass(slots=True)
class Batch:
    """Lines of one record type, ready for one bulk load.

    `whole` are files in which every line belongs to the file_id beside the path; lines in `packed` carry their own.
    `held` are the file_ids of items whose rows the engine holds already. `of_messages` says that lines have the offset
    of their message too, `has_topic_form` that some are events of the topic form.
    """

    record_type: RecordType
    of_messages: bool = False
    has_topic_form: bool = False
    whole: list[tuple[str, int]] = field(default_factory=list)
    packed: list[str] = field(default_factory=list)
    held: list[int] = field(default_factory=list)


class Packer:
    """Writes what small files hold into files that many of them share."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._open: dict[str, tuple[str, SpoolFile]] = {}

    def pack(self, read: FileRead) -> None:
        """Move what is in memory into the spool."""
        if read.lines:
            how = "messages" if read.offsets else "careful" if read.is_careful else "packed"
            form = "-topic-form" if read.has_topic_form else ""
            read.path = self._write(f"{how}-{read.file.kind}{form}", read.lines)
            read.lines = b""
        if read.reject_lines:
            read.reject_path = self._write("rejects", read.reject_lines)
            read.reject_lines = b""

    def _write(self, stem: str, lines: bytes) -> str:
        if stem not in self._open:
            path = self._spool.path(stem)
            self._open[stem] = path, self._spool.create(path)
        path, out = self._open[stem]
        out.write(lines)
        return path

    def close(self) -> None:
        """Close the files."""
        for _, out in self._open.values():
            out.__exit__()


@contextmanager
def packing(spool: Spool) -> Iterator[Packer]:
    """A packer whose files are closed at the end."""
    packer = Packer(spool)
    try:
        yield packer
    finally:
        packer.close()


@dataclass(slots=True)
class ReadChunk:
    """A chunk of files that were read, in the order of their numbers.

    `read_again` of the records were rejected before, at the end of files that have grown.
    """

    files: list[FileRead]
    read_again: int = 0

    @property
    def records(self) -> int:
        """Records in all the files, those that failed apart."""
        return sum(read.records for read in self.files if not read.failure)

    @property
    def rejected(self) -> int:
        """How many of them were rejected."""
        return sum(read.rejected for read in self.files if not read.failure)

    @property
    def resolved(self) -> int:
        """How many of those are resolved by replays."""
        return sum(read.resolved for read in self.files if not read.failure)

    @property
    def rejected_of(self) -> tuple[int, int]:
        """How many records count as rejected, of how many: for those read again, the rejects of before go."""
        return self.rejected - self.resolved - self.read_again, self.records - self.read_again

    @property
    def has_rejects(self) -> bool:
        """Whether anything was rejected, in files that failed too."""
        return any(read.rejected for read in self.files)

    def resolve(self, file_id: int, records: int, *, is_failure: bool) -> None:
        """Count records of a file that replays resolve; it may not be a failure any more."""
        for read in self.files:
            if read.file_id == file_id:
                read.resolved = records
                read.failure = read.failure if is_failure else ""

    def replace(self, again: Iterable[FileRead]) -> None:
        """Put what was read again in the place of what had been read of the same files."""
        numbered = {read.file_id: read for read in again}
        self.files = [numbered.get(read.file_id, read) for read in self.files]


def batches(files: Iterable[FileRead]) -> list[Batch]:
    """The accepted records of some files, by kind and form."""
    keys = product(RECORD_TYPES, (False, True), (False, True))
    found = {key: Batch(RECORD_TYPES[key[0]], of_messages=key[1], has_topic_form=key[2]) for key in keys}
    packed: dict[str, tuple[Kind, bool, bool]] = {}
    for read in files:
        key = read.file.kind, read.offsets is not None, read.has_topic_form
        if read.is_held:
            found[key].held.append(read.file_id)
        elif read.is_whole:
            found[key].whole.append((read.path, read.file_id))
        elif read.path:
            packed[read.path] = key
    for path, key in packed.items():
        found[key].packed.append(path)
    return [batch for batch in found.values() if batch.whole or batch.packed or batch.held]


def reject_paths(files: Iterable[FileRead]) -> list[str]:
    """The files that hold the rejects of some files, as lines of `etl_rejects`."""
    return list(dict.fromkeys(read.reject_path for read in files if read.reject_path))
