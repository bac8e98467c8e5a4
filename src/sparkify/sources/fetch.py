"""Copy the files of the next chunk to this machine while the chunk before it is loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from sparkify.sources.base import Source, SourceFile
from sparkify.storage.spool import Spool

_POLL_SECONDS = 0.1
_PIECE_BYTES = 1024 * 1024

Chunk = Sequence[SourceFile]


class Fetcher:
    """Copies chunks from sources that are elsewhere; for files of this machine there is nothing to do."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._under_way: _UnderWay | None = None

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def begin(self, chunk: Chunk) -> None:
        """Copy a chunk in the background, if half of the spool is free beside it: the other half is for loading."""
        size = size_of_copies(chunk)
        if size and self._spool.has_room(size + self._spool.limit // 2):
            self._under_way = _UnderWay(chunk, self._spool)

    def finish(self, chunk: Chunk, is_stopped: Callable[[], bool] = lambda: False) -> bool:
        """Wait for the copies of a chunk, or make them; False if they are not wanted any more.

        Raises:
            SourceError: a file cannot be read.
            SpoolFull: the spool cannot hold them.
        """
        if self._under_way and self._under_way.chunk is not chunk:
            self.drop()
        found, self._under_way = self._under_way or _UnderWay(chunk, self._spool), None
        try:
            if found.wait(is_stopped):
                return True
        except BaseException:
            found.cancel()
            raise
        found.cancel()
        return False

    def release(self, chunk: Chunk) -> None:
        """Remove the copies of a chunk."""
        for source, files in by_source(chunk):
            source.release(files)

    def drop(self) -> None:
        """Break off what is under way, and remove what it has copied."""
        if self._under_way:
            self._under_way.cancel()
            self._under_way = None


class _UnderWay:
    """A chunk that is being copied by a thread of its own."""

    def __init__(self, chunk: Chunk, spool: Spool) -> None:
        self.chunk = chunk
        self._spool = spool
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for source, files in by_source(self.chunk):
                if not self._stop.is_set():
                    source.fetch(files, self._spool)
        except BaseException as error:
            self._error = error

    def wait(self, is_stopped: Callable[[], bool]) -> bool:
        while self._thread.is_alive():
            if is_stopped():
                return False
            self._thread.join(_POLL_SECONDS)
        if self._error:
            raise self._error
        return True

    def cancel(self) -> None:
        self._stop.set()
        while self._thread.is_alive():
            for source, _ in by_source(self.chunk):
                source.cancel()
            self._thread.join(_POLL_SECONDS)
        for source, files in by_source(self.chunk):
            source.release(files)


def by_source(chunk: Chunk) -> list[tuple[Source, list[SourceFile]]]:
    """The files of a chunk that must be copied, by their sources."""
    found: dict[int, tuple[Source, list[SourceFile]]] = {}
    for file in chunk:
        if file.is_copied:
            found.setdefault(id(file.source), (file.source, []))[1].append(file)
    return list(found.values())


def size_of_copies(chunk: Chunk) -> int:
    """Bytes that the copies of a chunk take."""
    return sum(file.size for file in chunk if file.is_copied)
