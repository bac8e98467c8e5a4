"""Files that a command writes: a report, rejects, a configuration, the rows of a query.

An output never destroys what it is pointed at. It is written to a new file, or in the place of a regular file that the
run neither reads nor loads into; a device, a pipe and `-` (standard output) are written to as they are.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sparkify.errors import OutputError, UsageError

STDOUT = "-"
_DUCKDB_MAGIC = slice(8, 12), b"DUCK"
"""Where every DuckDB file says that it is one (https://duckdb.org/docs/stable/internals/storage)."""


@dataclass(frozen=True)
class Kept:
    """What no output may replace: `files` such as inputs and the warehouse, and all that is below `folders`.

    Nor may it be a new file there, which could be read as data, unless `may_add` says so.
    """

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    may_add: bool = False


class OutputFile:
    """A file to be written, checked when it is named: before any work is done for it.

    Args:
        path: where to write; links are followed, and `-` is standard output.
        what: what is written, for messages, such as `the report`.
        kept: what must not be replaced.

    Raises:
        UsageError: it cannot be written there, or must not.
    """

    def __init__(self, path: Path | str, what: str, kept: Kept | None = None) -> None:
        self._name = str(path)
        self._what = what
        self._kept = kept or Kept()
        self._mode = self._checked()

    def __str__(self) -> str:
        return self._name

    @property
    def is_stdout(self) -> bool:
        """Whether this is the standard output of the process."""
        return self._mode == "stdout"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """A binary file to write to. A regular file appears when the block ends well, whole or not at all.

        Raises:
            OutputError: it could not be written.
            UsageError: something else is there by now.
        """
        self._mode = self._checked()  # it may be another file than when it was named
        try:
            with {"stdout": self._stdout, "through": self._through, "regular": self._replaced}[self._mode]() as out:
                yield out
        except OSError as error:
            raise self._failed(error) from error

    def write(self, text: str) -> int:
        """Write a text in UTF-8, and return its size in bytes; what UTF-8 cannot write is written as an escape.

        Raises:
            OutputError: it could not be written.
        """
        data = text.encode("utf-8", "backslashreplace")
        if self.is_stdout:
            sys.stdout.write(text)
        else:
            with self.open() as out:
                out.write(data)
        return len(data)

    @contextmanager
    def _stdout(self) -> Iterator[IO[bytes]]:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()

    @contextmanager
    def _through(self) -> Iterator[IO[bytes]]:
        sys.stdout.flush()  # a pipe may be the same as standard output's
        with open(os.open(self._name, os.O_WRONLY), "wb") as out:
            yield out

    @contextmanager
    def _replaced(self) -> Iterator[IO[bytes]]:
        """A file beside the target, which takes its place at the end; the target of a link, not the link."""
        target = os.path.realpath(self._name)
        handle, beside = tempfile.mkstemp(prefix=".sparkify-", dir=os.path.dirname(target))
        try:
            with open(handle, "wb") as out:
                yield out
            os.chmod(beside, _mode_for(target))
            os.replace(beside, target)
        except BaseException:
            os.unlink(beside)
            raise

    def _checked(self) -> str:
        """How to write: `stdout`, `through` or `regular`."""
        if self._name == STDOUT:
            return "stdout"
        try:
            there = _status(self._name)
            if there and _is_stdout(there):
                return "stdout"
            if there and (stat.S_ISCHR(there.st_mode) or stat.S_ISFIFO(there.st_mode)):
                return "through"
            self._refuse(there, os.path.realpath(self._name))
        except OSError as error:
            raise self._refused((error.strerror or str(error)).lower()) from error
        return "regular"

    def _refuse(self, there: os.stat_result | None, target: str) -> None:
        """Raise UsageError for all but a new or a regular file that is not in use."""
        folder = os.path.dirname(target)
        if there and not stat.S_ISREG(there.st_mode):
            raise self._refused(f"it is {_kind_of(there.st_mode)}")
        if not there and (self._name.endswith("/") or not os.path.basename(self._name)):
            raise self._refused("it names a folder")
        if not os.path.isdir(folder):
            raise self._refused(f"no such folder: {folder}")
        for path in self._kept.files:
            if target == os.path.realpath(path) or (there and _is_same(there, path)):
                raise self._refused(f"it is {path}, which the command needs")
        for path in self._kept.folders:
            if not self._kept.may_add and _is_below(target, os.path.realpath(path)):
                raise self._refused(f"it is inside the source {path}, and could be read as data")
            if there and (found := _same_below(there, path)):
                raise self._refused(f"it is the same file as {found}, which is read")
        if there and _is_duckdb(target):
            raise self._refused("it is a DuckDB file")

    def _refused(self, why: str) -> UsageError:
        return UsageError(
            f"cannot write {self._what} to {self._name}: {why}", hint="Name another file; - is standard output."
        )

    def _failed(self, error: OSError) -> OutputError:
        reason = (error.strerror or str(error)).lower()
        return OutputError(
            f"cannot write {self._what} to {self._name}: {reason}",
            hint="Name a file in a folder that can be written to and has room.",
        )


def _status(path: str) -> os.stat_result | None:
    """What is at a path, links followed; None if nothing is."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _is_stdout(there: os.stat_result) -> bool:
    """Whether a path such as /dev/stdout is the file that standard output goes to."""
    try:
        return os.path.samestat(there, os.fstat(1)) and not stat.S_ISCHR(there.st_mode)
    except OSError:  # it is closed
        return False


def _kind_of(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a directory"), (stat.S_ISSOCK, "a socket"), (stat.S_ISBLK, "a block device"))
    return next((name for test, name in kinds if test(mode)), "not a regular file")


def _is_same(there: os.stat_result, path: str) -> bool:
    """Whether a path is the same file by device and inode: by a hard link or a link."""
    try:
        return os.path.samestat(there, os.stat(path))
    except OSError:
        return False


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def _same_below(there: os.stat_result, folder: str) -> str:
    """The path of the same file below a folder, through links to files too; empty if there is none."""
    return next((entry.path for entry in _files_below(folder) if _is_entry(there, entry)), "")


def _is_entry(there: os.stat_result, entry: os.DirEntry[str]) -> bool:
    """Only where the inode agrees, or is that of a link, is the file looked at: there may be very many."""
    return (entry.is_symlink() or entry.inode() == there.st_ino) and _is_same(there, entry.path)


def _files_below(folder: str) -> Iterable[os.DirEntry[str]]:
    folders = [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        yield entry
        except OSError:  # what cannot be listed cannot be read as a source either
            continue


def _is_duckdb(path: str) -> bool:
    place, magic = _DUCKDB_MAGIC
    try:
        with open(path, "rb") as file:
            return file.read(place.stop)[place] == magic
    except PermissionError:
        return False


def _mode_for(target: str) -> int:
    """The permissions of the file that is replaced, or those that a new file gets."""
    there = _status(target)
    if there:
        return stat.S_IMODE(there.st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
