"""A folder for what is under way: packed lines, unpacked files, links. It goes when the run ends.

A run that was killed leaves its folder behind; the next run removes it (see `leftovers`).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import msgspec

from sparkify.errors import SparkifyError, UsageError
from sparkify.storage.leftovers import LOCK, FolderLock, own_name, remove_leftovers


def json_line(row: Mapping[str, Any]) -> bytes:
    """A row as one line of newline-delimited JSON."""
    return msgspec.json.encode(row) + b"\n"


class SpoolFull(Exception):
    """What is under way needs more disk than the spool may use."""


class SpoolFile:
    """A file of the spool that is being written; what it holds counts against the spool's limit."""

    def __init__(self, spool: Spool, file: BinaryIO) -> None:
        self._spool = spool
        self._file = file

    def write(self, data: bytes | memoryview, /) -> int:
        """Append bytes.

        Raises:
            SpoolFull: they are too many.
            SparkifyError: the disk is full, or fails.
        """
        self._spool.take(len(data))
        with naming_the_spool(self._file.name):
            return self._file.write(data)

    def __enter__(self) -> SpoolFile:
        return self

    def __exit__(self, *_: object) -> None:
        with naming_the_spool(self._file.name):
            self._file.close()


class naming_the_spool:  # noqa: N801
    """Say of a full disk that it is the spool's, by a file in it. A class, for it is entered once a block."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, OSError):
            reason = (error.strerror or str(error)).lower()
            raise SparkifyError(
                f"cannot write to the spool in {Path(self._path).parent.parent}: {reason}",
                hint="Free some disk space there, or set spool to a folder with more.",
            ) from error


class Spool:
    """A temporary folder of this process, below `parent` (default: the system's folder for temporary files).

    It holds `limit` bytes at most: copies of objects, and what is made of files. Only `clear` and the end of the run
    give back what files took; `drop_folder` gives back what copies took.
    """

    def __init__(self, parent: str | None = None, limit: int = sys.maxsize) -> None:
        self._base = Path(parent or tempfile.gettempdir())
        self.folder = self._base / own_name()
        self._owner = FolderLock(self.folder)
        self.limit = limit
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._written = 0
        self._copied: dict[str, int] = {}

    def __enter__(self) -> Spool:
        """Make the folder; a signal that arrives meanwhile leaves none.

        Raises:
            UsageError: it cannot be made.
        """
        try:
            self._base.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self._base)
            self.folder.mkdir(mode=0o700)
            self._owner.take()
        except OSError as error:
            self._remove()
            raise UsageError(
                f"cannot make the spool in {self._base}: {error.strerror}",
                hint="Set spool to a folder that can be written.",
            ) from error
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._owner.release()

    def path(self, stem: str) -> str:
        """A path in the folder that was not used before; it has no character that is special to anyone."""
        self._owner.give_sign()
        return str(self.folder / f"{stem}-{next(self._numbers):06}.ndjson")

    def create(self, path: str) -> SpoolFile:
        """Begin a file in the folder."""
        with naming_the_spool(path):
            return SpoolFile(self, open(path, "wb"))

    def take(self, size: int) -> None:
        """Count bytes that are about to be written.

        Raises:
            SpoolFull: the limit does not allow them.
        """
        with self._lock:
            if size > self._free():
                raise SpoolFull
            self._written += size

    def has_room(self, size: int) -> bool:
        """Whether copies of so many bytes fit beside what is there."""
        with self._lock:
            return size <= self._free()

    def make_folder(self, size: int) -> str:
        """A folder for copies of `size` bytes in all.

        Raises:
            SpoolFull: the limit does not allow them.
        """
        with self._lock:
            if size > self._free():
                raise SpoolFull
            path = str(self.folder / f"copies-{next(self._numbers):06}")
            self._copied[path] = size
        os.mkdir(path)
        return path

    def resize_folder(self, path: str, size: int) -> None:
        """Say how many bytes a folder of copies holds in truth.

        Raises:
            SpoolFull: the limit does not allow them.
        """
        with self._lock:
            if size > self._free() + self._copied[path]:
                raise SpoolFull
            self._copied[path] = size

    def drop_folder(self, path: str) -> None:
        """Remove a folder of copies."""
        shutil.rmtree(path, ignore_errors=True)
        with self._lock:
            self._copied.pop(path, None)

    def clear(self) -> None:
        """Remove every file in the folder, but no copies."""
        for entry in self.folder.iterdir():
            if entry.name != LOCK and (not entry.is_dir() or entry.is_symlink()):
                entry.unlink()
        with self._lock:
            self._written = 0

    def _free(self) -> int:
        return self.limit - self._written - sum(self._copied.values())


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
