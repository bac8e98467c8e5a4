"""Files in a folder of this machine, or of a file system that is mounted on it."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from dataclasses import replace
from urllib.parse import quote, unquote_to_bytes

from xxhash import xxh3_128

from sparkify.contract import Kind
from sparkify.errors import SourceError
from sparkify.sources.base import SourceFile, cannot_open
from sparkify.sources.files import FileSource, Listed, Listing
from sparkify.sources.names import ENDINGS, Names, PassedOver, Verdict, has_pattern, is_hidden, split_pattern
from sparkify.sources.opening import Opening

RACY_SECONDS = 2.0
"""A file changed this shortly before it was read may change again within the same tick of its clock (as in git)."""
RACY = "~"
"""Ends the tag of a file that was read so shortly after its change: its content is compared in the next run."""
GROWN = "+"
"""Ends the tag of a file that had grown when it was read: it was read up to the size that it had when it was listed."""

_MARKS = RACY + GROWN

_HASH_STEP = 1024 * 1024
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.~-]+")
"""Names that stand in a URI as they are."""


def file_uri(path: str) -> str:
    """The canonical URI of an absolute path; bytes that are not UTF-8 are kept by percent-encoding."""
    return "file://" + quote(os.fsencode(path))


def path_in(uri: str) -> str:
    """The path in a canonical URI of a local file."""
    path = uri.removeprefix("file://")
    return os.fsdecode(unquote_to_bytes(path)) if "%" in path else path


def tag_of(status: os.stat_result) -> str:
    """The content tag of a local file: size in bytes, times of change of the content and of the file, nanoseconds.

    The second cannot be set by programs: it tells a file that was replaced with its old size and time.
    """
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"


def without_marks(tag: str) -> str:
    """A tag without the marks that say how the file was read."""
    return tag.rstrip(_MARKS)


def file_of_path(kind: Kind, path: str) -> SourceFile:
    """The file at an absolute path.

    Raises:
        SourceError: it is gone or cannot be read.
    """
    return Folder(os.path.dirname(path)).file_at(kind, file_uri(path))


def open_source(location: str, opening: Opening) -> Folder:
    """The folder, the file or the pattern of names that a path or a `file://` URI names.

    What is there by that name is meant, even if the name holds characters of a pattern.

    Raises:
        SourceError: there is no such place.
    """
    names = opening.names
    path = path_in(location) if location.startswith("file://") else location
    if os.path.isdir(path):
        return Folder(os.path.realpath(path), names, location)
    if os.path.lexists(path):
        folder, name = os.path.split(os.path.abspath(path))
        return Folder(os.path.realpath(folder), replace(names, only=name, is_literal=True), location)
    if has_pattern(path):
        base, pattern = split_pattern(os.path.normpath(path))
        folder = base or ("/" if path.startswith("/") else ".")
        if os.path.isdir(folder):
            return Folder(os.path.realpath(folder), replace(names, only=pattern), location)
        path = folder
    what = "file" if path.lower().endswith(ENDINGS) else "folder"
    raise SourceError(f"no such {what}: {path}", hint="Check --logs and --songs.")


class Folder(FileSource):
    """A folder of this machine and all folders below it, or some of the files there; `folder` is an absolute path.

    Links to files are followed, links to folders are not.
    """

    def __init__(self, folder: str, names: Names | None = None, location: str = "") -> None:
        self.location = location or folder
        self.names = names or Names()
        self.root = file_uri(folder)
        self.uri = file_uri(os.path.join(folder, self.names.only)) if self.names.only else self.root
        self._folder = folder
        self._rewritten: set[str] = set()

    def look(self) -> Listing:
        """List all files below the folder."""
        if self.names.is_literal:
            return self._list_file()
        files: list[Listed] = []
        passed_over = PassedOver()
        folders = [(self._folder, self.root.rstrip("/"), "")]
        while folders:
            folder, uri, below = folders.pop()
            with _naming(folder), os.scandir(folder) as entries:
                for entry in entries:
                    name = entry.name
                    if is_hidden(name):
                        continue
                    path_below = below + name
                    if entry.is_dir(follow_symlinks=False):
                        if self.names.may_hold(path_below):
                            folders.append((entry.path, f"{uri}/{_quoted(name)}", path_below + "/"))
                    elif _is_folder_link(entry):
                        passed_over.folders += self.names.may_hold(path_below)
                    else:
                        self._judge(entry, f"{uri}/", path_below, files, passed_over)
        return Listing(files, passed_over)

    def _judge(
        self, entry: os.DirEntry[str], uri: str, path_below: str, files: list[Listed], passed_over: PassedOver
    ) -> None:
        verdict = self.names.verdict(path_below)
        if verdict is Verdict.TAKEN:
            files.append((uri + _quoted(entry.name), *_size_and_tag(entry)))
        elif verdict is Verdict.EXCLUDED:
            passed_over.excluded += 1
        elif verdict is Verdict.PASSED_OVER:
            passed_over.note(entry.name)

    def _list_file(self) -> Listing:
        """The one file that was named."""
        path = os.path.join(self._folder, self.names.only)
        if self.names.verdict(self.names.only) is Verdict.EXCLUDED:
            return Listing([], PassedOver(excluded=1))
        with _naming(path):
            status = os.stat(path)
        tag = tag_of(status) if stat.S_ISREG(status.st_mode) else ""
        return Listing([(self.uri, status.st_size, tag)], PassedOver())

    def path_below(self, rest: str) -> str:
        """The path that the end of a URI stands for."""
        return path_in(rest)

    def file(self, kind: Kind, listed: Listed) -> SourceFile:
        """A file as it was listed."""
        uri, size, tag = listed
        return SourceFile(kind, uri, path_in(uri), size, tag, self)

    def file_at(self, kind: Kind, uri: str) -> SourceFile:
        """A file by its URI."""
        path = path_in(uri)
        with _naming(path):
            status = os.stat(path)
        return SourceFile(kind, uri, path, status.st_size, tag_of(status), self)

    def look_again(self) -> None:
        """List the files again when they are asked for; what they grow by until then is read."""
        super().look_again()
        self._rewritten.clear()

    def open(self, file: SourceFile) -> LocalContent:
        """Open a file, to be read up to the size that it was listed with; all of one that was rewritten since."""
        with _naming(file.path):
            return LocalContent(file, self._rewritten)

    def is_still(self, file: SourceFile, tag: str, content_hash: str) -> bool:
        """Whether the file has this tag still, or was read from a copy; engines read others where they are."""
        if tag.endswith(GROWN) or _current_tag(file.path) == tag.removesuffix(RACY):
            return True
        content = self.open(file)
        try:
            if not content.begins_with(content_hash):
                self._rewritten.add(file.uri)
        finally:
            content.close()
        return False


class LocalContent:
    """A file of this machine, opened for reading.

    A file that grew since it was listed is read up to the size that it had; its `path` is empty then, for engines would
    read more. One that is found to be rewritten is put into `rewritten`, and is read in full when it is opened again.
    """

    def __init__(self, file: SourceFile, rewritten: set[str]) -> None:
        self._file = file
        self._rewritten = rewritten
        # Opening a pipe would wait for its other end.
        self._descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._descriptor)
            raise cannot_open(file.uri, "is not a regular file", "Move it out of the source.")
        self._opened_with = tag_of(status)
        has_grown = status.st_size > file.size and file.uri not in rewritten
        self.size = file.size if has_grown else status.st_size
        self.path = "" if has_grown else file.path
        racy = RACY if time.time() - max(status.st_mtime, status.st_ctime) < RACY_SECONDS else ""
        self.tag = file.tag + GROWN if has_grown else self._opened_with + racy
        self._at = 0

    def is_one_state(self, content_hash: str) -> bool:
        """Whether the file is as it was opened, or has only grown since."""
        if tag_of(os.fstat(self._descriptor)) == self._opened_with == _current_tag(self._file.path):
            return True
        if self.begins_with(content_hash):
            return True
        self._rewritten.add(self._file.uri)
        return False

    def begins_with(self, content_hash: str) -> bool:
        """Whether what is to be read has this hash now."""
        self._at = 0
        return self._hash() == content_hash

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""
        with _naming(self._file.path):
            count = os.preadv(self._descriptor, [buffer[: self.size - self._at]], self._at)
        self._at += count
        return count

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _hash(self) -> str:
        digest = xxh3_128()
        buffer = memoryview(bytearray(_HASH_STEP))
        while count := self.readinto(buffer):
            digest.update(buffer[:count])
        return digest.hexdigest()


def _quoted(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else quote(os.fsencode(name))


def _size_and_tag(entry: os.DirEntry[str]) -> tuple[int, str]:
    """Size in bytes and tag; the tag of what cannot be opened is empty: opening it says why."""
    try:
        status = entry.stat()
    except OSError:
        return 0, ""
    return status.st_size, tag_of(status) if stat.S_ISREG(status.st_mode) else ""


def _current_tag(path: str) -> str:
    with _naming(path):
        return tag_of(os.stat(path))


def _is_folder_link(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # such as a link in a circle
        return False


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
