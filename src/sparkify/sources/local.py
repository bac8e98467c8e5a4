"""Files in a folder of this machine, or of a file system that is mounted on it."""

from __future__ import annotations

import errno
import os
import stat
from urllib.parse import quote, unquote_to_bytes

from sparkify.contract import Kind
from sparkify.errors import SourceError
from sparkify.sources.base import ENDINGS, Source, SourceFile, cannot_open, is_hidden, no_json

RACY_SECONDS = 2.0
"""A file changed this shortly before it was read may change again within the same tick of its clock (as in git)."""


def file_uri(path: str) -> str:
    """The canonical URI of an absolute path; bytes that are not UTF-8 are kept by percent-encoding."""
    return "file://" + quote(os.fsencode(path))


def path_in(uri: str) -> str:
    """The path in a canonical URI of a local file."""
    return os.fsdecode(unquote_to_bytes(uri.removeprefix("file://")))


def tag_of(status: os.stat_result) -> str:
    """The content tag of a local file: its size in bytes and its time of change in nanoseconds."""
    return f"{status.st_size}-{status.st_mtime_ns}"


def file_of_path(kind: Kind, path: str) -> SourceFile:
    """The file at an absolute path.

    Raises:
        SourceError: it is gone or cannot be read.
    """
    return Folder(os.path.dirname(path)).file_at(kind, file_uri(path))


def file_of_uri(kind: Kind, uri: str) -> SourceFile:
    """The local file at a canonical URI.

    Raises:
        SourceError: it is gone or cannot be read.
    """
    return file_of_path(kind, path_in(uri))


class Folder(Source):
    """A folder, and all folders below it; `location` is a path or a `file://` URI.

    Links to files are followed, links to folders are not.
    """

    def __init__(self, location: str) -> None:
        path = path_in(location) if location.startswith("file://") else location
        folder = os.path.realpath(path)
        if not os.path.exists(folder):
            raise SourceError(f"no such folder: {path}", hint="Check --logs and --songs.")
        if not os.path.isdir(folder):
            raise SourceError(f"not a folder: {path}", hint="Name the folder that holds the files.")
        self.uri = file_uri(folder)
        self._folder = folder
        self._location = location

    def files(self, kind: Kind) -> list[SourceFile]:
        """All files below the folder."""
        found = []
        folders = [self._folder]
        while folders:
            with _naming(folders[-1]), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if is_hidden(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.name.endswith(ENDINGS) and not _is_folder_link(entry):
                        found.append(self._file(kind, entry))
        if not found:
            raise no_json(self._location)
        return sorted(found, key=lambda file: file.uri)

    def _file(self, kind: Kind, entry: os.DirEntry[str]) -> SourceFile:
        with _naming(entry.path):
            status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            raise cannot_open(file_uri(entry.path), "is not a regular file", "Move it out of the source.")
        return SourceFile(kind, file_uri(entry.path), entry.path, status.st_size, tag_of(status), self)

    def file_at(self, kind: Kind, uri: str) -> SourceFile:
        """A file by its URI."""
        path = path_in(uri)
        with _naming(path):
            status = os.stat(path)
        return SourceFile(kind, uri, path, status.st_size, tag_of(status), self)

    def open(self, file: SourceFile) -> LocalContent:
        """Open a file."""
        with _naming(file.path):
            return LocalContent(file.path)

    def is_racy(self, file: SourceFile, read_at: float) -> bool:
        """Whether the file was changed so shortly before that its clock may not tell."""
        modified_at = int(file.tag.rsplit("-", 1)[-1]) / 1e9
        return read_at - modified_at < RACY_SECONDS

    def is_still(self, file: SourceFile, tag: str) -> bool:
        """Whether the file has this tag still; engines read it where it lies."""
        return _current_tag(file.path) == tag


class LocalContent:
    """A file of this machine, opened for reading."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        status = os.fstat(self._descriptor)
        self.tag = tag_of(status)
        self.size = status.st_size
        self.path = path

    @property
    def is_unchanged(self) -> bool:
        """Whether the file still has the tag that it was opened with."""
        return tag_of(os.fstat(self._descriptor)) == self.tag == _current_tag(self.path)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""
        with _naming(self.path):
            return os.readv(self._descriptor, [buffer])

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _current_tag(path: str) -> str:
    with _naming(path):
        return tag_of(os.stat(path))


def _is_folder_link(entry: os.DirEntry[str]) -> bool:
    with _naming(entry.path):
        return entry.is_symlink() and entry.is_dir()


class _naming:  # noqa: N801
    """Turn the system's errors into ours, with the path's name. A class, for it is entered seven times a file."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, OSError):
            raise _explained(error, self._path) from error


_OF_THIS_MACHINE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors that say nothing about a file: this machine has run out of something."""


def _explained(error: OSError, path: str) -> SourceError:
    uri = file_uri(path)
    if error.errno == errno.ELOOP:
        return cannot_open(uri, "is a link in a circle", "Remove the link, or point it at a file.")
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return cannot_open(uri, "is a link to nothing", "Remove the link, or point it at a file.")
    reason = (error.strerror or str(error)).lower()
    if error.errno in _OF_THIS_MACHINE or os.path.isdir(path):
        return SourceError(f"{path} cannot be read: {reason}", hint="Check that it is there and may be read.")
    return cannot_open(uri, f"cannot be read: {reason}", "Check that it is there and may be read.")
