"""Find and read files, wherever they lie: one interface, and a class for each kind of place behind it.

`folders.Folder` is a folder, `stores.ObjectStore` a bucket or a part of it. Nothing else knows one from the other.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, unquote_to_bytes

from xxhash import xxh3_128

from sparkify.contract import Kind
from sparkify.engines.base import without_password
from sparkify.errors import SourceError, UsageError

if TYPE_CHECKING:
    from sparkify.storage.spool import Spool

ENDINGS = tuple(form + packed for form in (".json", ".jsonl", ".ndjson") for packed in ("", ".gz", ".zst"))
STORES = ("s3", "gs", "az")
"""Schemes of object stores; the URI of an object is the scheme, the bucket and the key as it is."""

_HASH_STEP = 1024 * 1024
_MOST_HASHED_AT_ONCE = 16

BOMB_BYTES = 64 * 1024 * 1024
BOMB_RATIO = 200
"""A compressed file is refused when it unpacks to more than both of these; logs reach ratios of 10 to 50."""


class Readable(Protocol):
    """What the readers ask of an open file."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""


class Content(Readable, Protocol):
    """The bytes of a file as they lie there, opened for reading.

    `tag` and `size` (in bytes) are those of what is being read. `path` is where all of it lies on this machine, for
    engines that read files themselves; empty if it lies elsewhere.
    """

    tag: str
    size: int
    path: str

    @property
    def is_unchanged(self) -> bool:
        """Whether what was read is the file as it is now, or one state of it that was whole."""

    def close(self) -> None:
        """Give back what is held."""


class Source(ABC):
    """A place that holds files.

    `uri` is canonical and has no `/` at its end; `copies_files` says whether files must be copied to this machine.
    Every method may raise SourceError.
    """

    uri: str
    copies_files = False

    @abstractmethod
    def files(self, kind: Kind) -> list[SourceFile]:
        """All files of a kind, in the order of their URIs; there is at least one.

        Names that begin with `.` or `_` are skipped, and so is all that lies below them.
        """

    @abstractmethod
    def open(self, file: SourceFile) -> Content:
        """Open a file."""

    @abstractmethod
    def file_at(self, kind: Kind, uri: str) -> SourceFile:
        """A file of this source by its URI, with the size and the tag that it has now."""

    def is_racy(self, file: SourceFile, read_at: float) -> bool:  # noqa: ARG002
        """Whether the file may have changed after `read_at` (seconds since the epoch) without another tag."""
        return False

    def is_still(self, file: SourceFile, tag: str) -> bool:  # noqa: ARG002
        """Whether what was staged of the file is what was read under this tag; asked after loading."""
        return True

    def fetch(self, files: Iterable[SourceFile], spool: Spool) -> None:
        """Copy files to this machine, where `open` finds them."""
        raise NotImplementedError

    def release(self, files: Iterable[SourceFile]) -> None:  # noqa: B027
        """Forget the copies of these files."""

    def cancel(self) -> None:  # noqa: B027
        """Break off what `fetch` is doing in another thread, soon."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    `uri` is canonical: one file has one URI, however the source was spelled. `path` is the file's name within its
    `source`. `tag` changes when the content does. `lands` says that the warehouse is to take it in by itself.
    """

    kind: Kind
    uri: str
    path: str
    size: int
    tag: str
    source: Source = field(compare=False, repr=False)
    lands: bool = field(default=False, compare=False)

    @property
    def is_copied(self) -> bool:
        """Whether it must be copied to this machine before it is read."""
        return self.source.copies_files and not self.lands

    @property
    def scheme(self) -> str:
        """The kind of place that the file lies in: `file`, or that of its object store."""
        return self.uri.partition("://")[0]

    @property
    def packing(self) -> str:
        """How the file is compressed: `gz`, `zst` or an empty text."""
        return self.path.rsplit(".", 1)[-1] if self.path.endswith((".gz", ".zst")) else ""


def shown(uri: str) -> str:
    """A URI as a person reads it: a path where it names one. Bytes that are not UTF-8 are shown as escapes."""
    if not uri.startswith("file://"):
        return uri
    return unquote_to_bytes(uri.removeprefix("file://")).decode("utf-8", "backslashreplace")


def source_at(location: str, *, anonymous: bool = False) -> Source:
    """The source that a user names; `anonymous` asks an object store without signing in.

    Raises:
        UsageError: the location has a scheme that is not known, or a package is missing.
        SourceError: there is no such place.
    """
    scheme = location.split("://")[0] if "://" in location else ""
    if "\0" in (location if scheme in STORES else unquote(location)):
        raise UsageError("a source holds a NUL character", hint="Check --logs and --songs.")
    if scheme in STORES:
        try:
            from sparkify.sources.object_store import ObjectStore
        except ModuleNotFoundError as error:
            raise UsageError(
                f"{scheme}:// needs the package {error.name}, which is not installed",
                hint="Install it with: pip install 'sparkify[s3]'",
            ) from error
        return ObjectStore(location, anonymous=anonymous)
    if scheme not in ("", "file"):
        raise UsageError(
            f"cannot read from {without_password(location)}: unknown scheme {scheme}://",
            hint=f"Known: a folder, file://, {', '.join(f'{known}://' for known in STORES)}.",
        )
    from sparkify.sources.local import Folder

    return Folder(location)


def file_at(kind: Kind, uri: str, *, anonymous: bool = False) -> SourceFile:
    """The file at a canonical URI, as it is now.

    Raises:
        SourceError: it is gone or cannot be read.
    """
    if uri.startswith("file://"):
        from sparkify.sources.local import file_of_uri

        return file_of_uri(kind, uri)
    folder, _, _ = uri.rpartition("/")
    return source_at(folder, anonymous=anonymous).file_at(kind, uri)


def is_hidden(name: str) -> bool:
    """Whether a file or a folder of this name is skipped."""
    return name.startswith((".", "_"))


def no_json(location: str) -> SourceError:
    """The error for a source without a file that could be loaded."""
    return SourceError(f"no JSON below {location}", hint=f"Files must end in one of {' '.join(ENDINGS)}.")


def keeps_changing(file: SourceFile) -> SourceError:
    """The error for a file that changed again after it was read once more."""
    return SourceError(
        f"{shown(file.uri)} keeps changing while it is read; nothing of it was loaded",
        hint="Let its writer finish (write elsewhere, then rename), and run again.",
    )


def hash_of(file: SourceFile) -> str:
    """The XXH3-128 hash of the file's content as it lies there, in hexadecimal."""
    digest = xxh3_128()
    buffer = memoryview(bytearray(_HASH_STEP))
    content = file.source.open(file)
    try:
        while count := content.readinto(buffer):
            digest.update(buffer[:count])
    finally:
        content.close()
    return digest.hexdigest()


def hashes_of(files: list[SourceFile]) -> Iterator[str]:
    """The hashes of files, in their order; several are read at once."""
    if not files:
        return
    with ThreadPoolExecutor(_MOST_HASHED_AT_ONCE) as threads:
        for begin in range(0, len(files), _MOST_HASHED_AT_ONCE):
            yield from threads.map(hash_of, files[begin : begin + _MOST_HASHED_AT_ONCE])


class OpenFile:
    """A file being read: unpacked bytes come out, the hash of the packed ones is kept."""

    def __init__(self, file: SourceFile, content: Content) -> None:
        self.file = file
        self.tag = content.tag
        self.size = content.size
        self.path = "" if file.packing else content.path
        self._content = content
        self._hash = xxh3_128()
        self._chunks = _unpack(self._packed(), file) if file.packing else None
        self._left = memoryview(b"")

    @property
    def hash(self) -> str:
        """The hash of all bytes read so far, in hexadecimal."""
        return self._hash.hexdigest()

    @property
    def is_unchanged(self) -> bool:
        """Whether what was read is one state of the file."""
        return self._content.is_unchanged

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start with unpacked bytes; 0 means the end."""
        if self._chunks is None:
            count = self._content.readinto(buffer)
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
        step = memoryview(bytearray(4096 if self.file.packing == "zst" else 65536))
        while count := self._content.readinto(step):
            data = bytes(step[:count])
            self._hash.update(data)
            yield data


@contextmanager
def opened(file: SourceFile) -> Iterator[OpenFile]:
    """Open a file for reading.

    Raises:
        SourceError: it is gone, unreadable, or a link that leads nowhere.
    """
    content = file.source.open(file)
    try:
        yield OpenFile(file, content)
    finally:
        content.close()


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
