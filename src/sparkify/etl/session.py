"""What runs that follow each other have in common: a row of the history, the latest rejects, and what is known.

A run by itself has a session of its own.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sparkify.warehouse.manifest import ManifestState
from sparkify.warehouse.runs import Begun

if TYPE_CHECKING:
    from sparkify.etl.plan import Manifest
    from sparkify.reader.batch import ReadChunk


class Commit(NamedTuple):
    """A chunk that was committed: the records loaded, by kind, and those rejected.

    `offsets` are those of topics that it has passed, and `at` is when it was committed, in seconds since the epoch.
    """

    events: int
    songs: int
    rejected: int
    offsets: int
    at: float

    @classmethod
    def of(cls, chunk: ReadChunk) -> Commit:
        """A chunk that was committed just now."""
        loaded = {kind: sum(read.accepted for read in chunk.files if read.file.kind == kind) for kind in _KINDS}
        offsets = sum(read.offsets.end - read.offsets.begin for read in chunk.files if read.offsets)
        return cls(loaded["events"], loaded["songs"], chunk.rejected_of[0], offsets, time.time())


_KINDS = ("events", "songs")


class Tally:
    """Counts records and rejects, chunk by chunk; with `most`, those of the latest chunks that hold so many records."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._chunks: deque[tuple[int, int]] = deque()
        self._rejected = self._read = 0

    def with_chunk(self, rejected: int, read: int) -> tuple[int, int]:
        """How many records were rejected, and how many read, if a chunk counts too."""
        most = None if self._most is None else max(0, self._most - read)
        self._forget_beyond(most)
        return (rejected, read) if most == 0 else (self._rejected + rejected, self._read + read)

    def add(self, rejected: int, read: int) -> None:
        """Count a chunk that was committed."""
        if self._most is not None:
            self._chunks.append((rejected, read))
        self._rejected += rejected
        self._read += read

    def _forget_beyond(self, most: int | None) -> None:
        """Forget the oldest chunks for as long as the others hold `most` records."""
        while most is not None and self._chunks and self._read - self._chunks[0][1] >= most:
            rejected, read = self._chunks.popleft()
            self._rejected -= rejected
            self._read -= read


class Kept(NamedTuple):
    """The manifest as it was at a state."""

    state: ManifestState
    manifest: Manifest


def _never() -> bool:
    return False


@dataclass
class Session:
    """What runs have in common.

    `stop` is asked before each chunk: once it is true, no other begins. `on_commit` is called after each commit. If
    `keeps_manifest`, `kept` is the manifest as the last run has left it.
    """

    tally: Tally = field(default_factory=Tally)
    stop: Callable[[], bool] = _never
    on_commit: Callable[[Commit], None] = lambda _commit: None
    keeps_manifest: bool = False
    kept: Kept | None = None
    begun: Begun | None = None
