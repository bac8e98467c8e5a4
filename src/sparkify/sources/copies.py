"""Copies of objects on this machine: many are made at once, small ones share a file of the spool."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from sparkify.sources.base import SourceFile

if TYPE_CHECKING:
    from obstore import BytesStream

    from sparkify.storage.spool import Spool

REQUESTS_AT_ONCE = 64
STREAMS_AT_ONCE = 8
STREAMED_FROM = 256 * 1024
"""Objects of this many bytes are copied piece by piece to a file of their own; smaller ones share a file."""


class Container:
    """A folder of the spool with copies: a file that small ones share, and a file for each large one."""

    def __init__(self, spool: Spool, folder: str) -> None:
        self._spool = spool
        self._folder = folder
        self._shared = os.open(os.path.join(folder, "shared"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._size = 0
        self._count = 0
        self._is_closed = False

    def append(self, data: memoryview) -> int:
        """Put bytes into the shared file, and say where."""
        with self._lock:
            if self._is_closed:
                raise Stopped
            offset = self._size
            while data:
                written = os.write(self._shared, data)
                self._size += written
                data = data[written:]
            return offset

    def read(self, size: int, offset: int) -> bytes:
        """Bytes of the shared file."""
        return os.pread(self._shared, size, offset)

    def write(self, pieces: BytesStream) -> str:
        """Put bytes into a file of their own, and say which."""
        with self._lock:
            self._count += 1
            path = os.path.join(self._folder, f"{self._count:06}.ndjson")
        try:
            with open(path, "wb") as out:
                for piece in pieces:
                    if self._is_closed:
                        raise Stopped
                    out.write(memoryview(piece))
        except BaseException:
            if os.path.exists(path):
                os.unlink(path)
            raise
        return path

    def close(self) -> None:
        """Remove everything."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            os.close(self._shared)
        self._spool.drop_folder(self._folder)


class Stopped(Exception):
    """The copy is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Where the copy of an object is: a file of its own at `path`, or `size` bytes of the shared file."""

    container: Container
    path: str
    offset: int
    size: int
    tag: str


class Fetch:
    """Objects on their way to a folder of the spool."""

    def __init__(
        self,
        copy: Callable[[SourceFile, Container], None],
        files: list[SourceFile],
        spool: Spool,
        folder: str,
        stop: threading.Event,
    ) -> None:
        self._copy = copy
        self._files = files
        self._container = Container(spool, folder)
        self._stop = stop
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._small = iter([file for file in files if file.size < STREAMED_FROM])
        self._large = iter([file for file in files if file.size >= STREAMED_FROM])

    def run(self) -> None:
        """Copy all of them.

        Raises:
            SourceError: the store cannot be read; what was copied is removed.
        """
        work: list[Iterator[SourceFile]] = [chain(self._large, self._small)] * STREAMS_AT_ONCE
        work += [self._small] * (min(REQUESTS_AT_ONCE, len(self._files)) - STREAMS_AT_ONCE)
        # Not a pool: at an interrupt nobody waits for requests that are under way.
        threads = [threading.Thread(target=self._copy_all, args=(files,), daemon=True) for files in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and not self._stop.is_set():
                thread.join(0.1)
        if self._stop.is_set():
            self._container.close()
        if self._errors:
            raise self._errors[0]

    def _copy_all(self, files: Iterator[SourceFile]) -> None:
        while not self._stop.is_set():
            with self._lock:
                file = next(files, None)
            if file is None:
                return
            try:
                self._copy(file, self._container)
            except Stopped:
                return
            except BaseException as error:
                self._errors.append(error)
                self._stop.set()


class CopiedContent:
    """The copy of an object, opened for reading."""

    def __init__(self, copy: Copy) -> None:
        self.tag = copy.tag
        self.size = copy.size
        self.path = copy.path
        self._descriptor = os.open(copy.path, os.O_RDONLY) if copy.path else -1
        self._left = memoryview(b"" if copy.path else copy.container.read(copy.size, copy.offset))

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""
        if self.path:
            return os.readv(self._descriptor, [buffer])
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def is_one_state(self, content_hash: str) -> bool:  # noqa: ARG002
        """An object is read in one answer of the store."""
        return True

    def close(self) -> None:
        """Close the file."""
        if self.path:
            os.close(self._descriptor)
