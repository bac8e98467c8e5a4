"""Find and read files: what is below a source, and the bytes of one file, unpacked and hashed.

Only folders for now; the next kinds of source come in here and nowhere else.
"""

from __future__ import annotations

import errno
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, unquote, unquote_to_bytes

from xxhash import xxh3_128

from sparkify.contract import Kind
from sparkify.engines.base import without_password
from sparkify.errors import SourceError, UsageError

ENDINGS = tuple(form + packed for form in (".json", ".jsonl", ".ndjson") for packed in ("", ".gz", ".zst"))
_HASH_STEP = 1024 * 1024
RACY_SECONDS = 2.0
"""A file changed this shortly before it was read may change again within the same tick of its clock (as in git)."""

BOMB_BYTES = 64 * 1024 * 1024
BOMB_RATIO = 200
"""A compressed file is refused when it unpacks to more than both of these; logs reach ratios of 10 to 50."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    `uri` is canonical: one file has one URI, however the source was spelled. `tag` changes when the content does.
    """

    kind: Kind
    uri: str
    path: str
    size: int
    tag: str

    @property
    def packing(self) -> str:
        """How the file is compressed: `gz`, `zst` or an empty text."""
        return self.path.rsplit(".", 1)[-1] if self.path.endswith((".gz", ".zst")) else ""


def file_uri(path: str) -> str:
    """The canonical URI of an absolute path; bytes that are not UTF-8 are kept by percent-encoding."""
    return "file://" + quote(os.fsencode(path))


def path_in(uri: str) -> str:
    """The path in a canonical URI of a local file."""
    return os.fsdecode(unquote_to_bytes(uri.removeprefix("file://")))


def shown(uri: str) -> str:
    """A URI as a person reads it: a path where it names one. Bytes that are not UTF-8 are shown as escapes."""
    if not uri.startswith("file://"):
        return uri
    return unquote_to_bytes(uri.removeprefix("file://")).decode("utf-8", "backslashreplace")


def root_of(location: str) -> str:
    """The canonical folder of a source given by the user.

    Raises:
        UsageError: the location has a scheme that is not known.
        SourceError: there is no such folder.
    """
    scheme = location.split("://")[0] if "://" in location else ""
    if "\0" in unquote(location):
        raise UsageError("a source holds a NUL character", hint="Check --logs and --songs.")
    if scheme == "file":
        location = os.fsdecode(unquote_to_bytes(location.removeprefix("file://")))
    elif scheme:
        raise UsageError(
            f"cannot read from {without_password(location)}: unknown scheme {scheme}://",
            hint="Known: a folder, file://.",
        )
    folder = os.path.realpath(location)
    if not os.path.exists(folder):
        raise SourceError(f"no such folder: {location}", hint="Check --logs and --songs.")
    if not os.path.isdir(folder):
        raise SourceError(f"not a folder: {location}", hint="Name the folder that holds the files.")
    return folder


def list_files(kind: Kind, location: str) -> list[SourceFile]:
    """All files of a kind below a folder, in the order of their URIs.

    Files and folders whose names begin with `.` or `_` are skipped, links to files followed, links to folders not.

    Raises:
        SourceError: the folder is missing, cannot be listed, or holds no JSON.
    """
    root = root_of(location)
    found = []
    folders = [root]
    while folders:
        with _naming(folders[-1]), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith((".", "_")):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.name.endswith(ENDINGS) and not _is_folder_link(entry):
                    found.append(_source_file(kind, entry))
    if not found:
        raise SourceError(f"no JSON below {location}", hint=f"Files must end in one of {' '.join(ENDINGS)}.")
    return sorted(found, key=lambda file: file.uri)


def _is_folder_link(entry: os.DirEntry[str]) -> bool:
    with _naming(entry.path):
        return entry.is_symlink() and entry.is_dir()


def _source_file(kind: Kind, entry: os.DirEntry[str]) -> SourceFile:
    with _naming(entry.path):
        status = entry.stat()
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"not a regular file: {entry.path}", hint="Move it out of the source.")
    return SourceFile(kind, file_uri(entry.path), entry.path, status.st_size, tag_of(status))


def tag_of(status: os.stat_result) -> str:
    """The content tag of a local file: its size in bytes and its time of change in nanoseconds."""
    return f"{status.st_size}-{status.st_mtime_ns}"


def size_in(tag: str) -> int:
    """The size in bytes that a tag of a local file holds."""
    return int(tag.split("-")[0])


def current_tag(file: SourceFile) -> str:
    """The content tag that the file has now.

    Raises:
        SourceError: it is gone or cannot be read.
    """
    with _naming(file.path):
        return tag_of(os.stat(file.path))


def modified_at(file: SourceFile) -> float:
    """When the listed file was last changed, in seconds since the epoch."""
    return int(file.tag.rsplit("-", 1)[-1]) / 1e9


def hash_of(file: SourceFile) -> str:
    """The XXH3-128 hash of the file's content as it lies there, in hexadecimal."""
    with _naming(file.path), open(file.path, "rb") as stream:
        digest = xxh3_128()
        while data := stream.read(_HASH_STEP):
            digest.update(data)
        return digest.hexdigest()


class Readable(Protocol):
    """What the readers ask of an open file."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""


class OpenFile:
    """A file being read: unpacked bytes come out, the hash of the packed ones is kept."""

    def __init__(self, file: SourceFile, descriptor: int) -> None:
        self.file = file
        self.tag = tag_of(os.fstat(descriptor))
        self._descriptor = descriptor
        self._hash = xxh3_128()
        self._chunks = _unpack(self._packed(), file) if file.packing else None
        self._left = memoryview(b"")

    @property
    def hash(self) -> str:
        """The hash of all bytes read so far, in hexadecimal."""
        return self._hash.hexdigest()

    @property
    def is_unchanged(self) -> bool:
        """Whether the file still has the tag that it was opened with."""
        return tag_of(os.fstat(self._descriptor)) == self.tag == current_tag(self.file)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start with unpacked bytes; 0 means the end."""
        if self._chunks is None:
            count = os.readv(self._descriptor, [buffer])
            self._hash.update(buffer[:count])
            return count
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _packed(self) -> Iterator[bytes]:
        # Small steps for zstd, of which a few bytes may unpack to a hundred thousand times as many.
        step = 4096 if self.file.packing == "zst" else 65536
        while data := os.read(self._descriptor, step):
            self._hash.update(data)
            yield data


@contextmanager
def opened(file: SourceFile) -> Iterator[OpenFile]:
    """Open a file for reading.

    Raises:
        SourceError: it is gone, unreadable, or a link that leads nowhere.
    """
    with _naming(file.path):
        descriptor = os.open(file.path, os.O_RDONLY)
    try:
        yield OpenFile(file, descriptor)
    finally:
        os.close(descriptor)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _decompressor(packing: str) -> _Decompressor:
    if packing == "gz":
        return zlib.decompressobj(wbits=31)
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()


def _unpack(packed: Iterator[bytes], file: SourceFile) -> Iterator[bytes]:
    """Unpack gzip members or zstd frames, one after another."""
    import zstandard

    state: _Decompressor | None = None
    size_in = size_out = 0
    for data in packed:
        size_in += len(data)
        while data:
            if state is None:
                data = data.lstrip(b"\0")  # padding between members is allowed
                if not data:
                    break
                state = _decompressor(file.packing)
            try:
                chunk = state.decompress(data)
            except (zlib.error, zstandard.ZstdError) as error:
                raise _damaged(file, f"is not valid {file.packing} data") from error
            size_out += len(chunk)
            if size_out > BOMB_BYTES and size_out > BOMB_RATIO * size_in:
                raise _damaged(file, f"unpacks to more than {BOMB_RATIO} times its size")
            yield chunk
            if not state.eof:
                break
            data, state = state.unused_data, None
    if state is not None or not size_in:
        raise _damaged(file, f"breaks off: the {file.packing} stream has no end")


def _damaged(file: SourceFile, what: str) -> SourceError:
    return SourceError(
        f"{shown(file.uri)} {what}; nothing of it was loaded",
        hint="Replace the file or move it out of the source, and run again.",
    )


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Turn the system's errors into ours, with the path's name."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SourceError(f"link in a circle: {path}", hint="Remove the link, or point it at a file.") from error
        if isinstance(error, FileNotFoundError) and os.path.islink(path):
            raise SourceError(f"link to nothing: {path}", hint="Remove the link, or point it at a file.") from error
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"cannot read {path}: {reason}", hint="Check that it is there and may be read.") from error
