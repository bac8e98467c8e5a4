"""Open a file of any source: its bytes unpacked, with the hash of the packed ones.

The first bytes of a file say whether it is packed, not its name.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from xxhash import xxh3_128

from sparkify.errors import FileError
from sparkify.sources.base import Content, Grown, NotGrown, SourceFile, damaged

_HASH_STEP = 1024 * 1024


_MOST_HASHED_AT_ONCE = 16


BOMB_BYTES = 64 * 1024 * 1024


BOMB_RATIO = 200
"""A compressed file is refused when it unpacks to more than both of these; logs reach ratios of 10 to 50."""

_MAGIC_BYTES = 4
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
"""The end of the four bytes that begin a frame of zstd without data; the first is 0x50 to 0x5f (RFC 8878, 3.1.2)."""

LARGEST_WINDOW = 2**31
"""Bytes that a frame of zstd may look back: as far as `zstd --long=31` goes."""


class Hashed(NamedTuple):
    """The hash of a file's content, in hexadecimal, and the tag that it had when it was read; both empty if it
    cannot be read."""

    hash: str
    tag: str


def packing_of(head: bytes) -> str:
    """How content that begins with these bytes is compressed: `gzip`, `zstd` or an empty text."""
    if head.startswith(_GZIP):
        return "gzip"
    is_skippable = len(head) >= _MAGIC_BYTES and head[0] & 0xF0 == 0x50 and head[1:4] == _ZSTD_SKIPPABLE
    return "zstd" if head.startswith(_ZSTD) or is_skippable else ""


def hash_of(file: SourceFile, size: int = sys.maxsize) -> Hashed:
    """The XXH3-128 hash of the file's content as it is stored, or of its first `size` bytes."""
    digest = xxh3_128()
    buffer = memoryview(bytearray(min(_HASH_STEP, file.size + 1)))
    left = size
    try:
        content = file.source.open(file)
        try:
            while count := content.readinto(buffer[:left]):
                digest.update(buffer[:count])
                left -= count
        finally:
            content.close()
    except FileError:
        return Hashed("", "")
    return Hashed(digest.hexdigest(), content.tag)


def hashes_of(files: list[SourceFile], sizes: Sequence[int] = ()) -> Iterator[Hashed]:
    """The hashes of files, in their order, or of their first bytes, of which `sizes` are the numbers.

    Several files are read at once.
    """
    if not files:
        return
    sizes = sizes or [sys.maxsize] * len(files)
    with ThreadPoolExecutor(_MOST_HASHED_AT_ONCE) as threads:
        for begin in range(0, len(files), _MOST_HASHED_AT_ONCE):
            part = slice(begin, begin + _MOST_HASHED_AT_ONCE)
            yield from threads.map(hash_of, files[part], sizes[part])


class OpenFile:
    """A file being read: unpacked bytes come out, the hash of the packed ones is kept.

    `tag` and `size` are those of the content. `path` is where engines may read the same bytes themselves; empty if the
    content is packed, is elsewhere or is only a part of what is stored there. `packing` is `gzip`, `zstd` or empty.
    """

    def __init__(self, file: SourceFile, content: Content) -> None:
        self.file = file
        self.tag = content.tag
        self.size = content.size
        self._content = content
        self._hash = xxh3_128()
        head = self._head()
        self.packing = packing_of(head)
        self.path = "" if self.packing else content.path
        self._chunks = _unpack(self._packed(head), self.packing, file.uri) if self.packing else None
        self._left = memoryview(b"" if self.packing else head)

    @property
    def hash(self) -> str:
        """The hash of all bytes read so far, in hexadecimal."""
        return self._hash.hexdigest()

    @property
    def is_unchanged(self) -> bool:
        """Whether what was read is one state of the file; asked at its end."""
        return self._content.is_one_state(self.hash)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start with unpacked bytes; 0 means the end."""
        while not self._left and self._chunks is not None:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        if self._chunks is None and count < len(buffer):
            count += self._read(buffer[count:])
        return count

    def _read(self, buffer: memoryview) -> int:
        """Fill a buffer with bytes as they are stored."""
        count = self._content.readinto(buffer)
        self._hash.update(buffer[:count])
        return count

    def _head(self) -> bytes:
        """The first bytes, as many as tell a packed file; fewer only if there are no more."""
        buffer = memoryview(bytearray(_MAGIC_BYTES))
        size = 0
        while size < _MAGIC_BYTES and (count := self._read(buffer[size:])):
            size += count
        return bytes(buffer[:size])

    def _packed(self, head: bytes) -> Iterator[bytes]:
        yield head
        # Small steps for zstd, of which a few bytes may unpack to a hundred thousand times as many.
        step = memoryview(bytearray(4096 if self.packing == "zstd" else 65536))
        while count := self._read(step):
            yield bytes(step[:count])


class OpenTail(OpenFile):
    """What follows the known part of a file that has grown. The hash is that of the whole file.

    Raises:
        NotGrown: the known part is another one now; told when it is passed.
    """

    def __init__(self, file: Grown, content: Content) -> None:
        super().__init__(file, content)
        self._grown = file
        self._at = 0
        if self.packing or self.size != file.size:
            raise NotGrown(file)
        self.path = ""
        skipped = memoryview(bytearray(min(_HASH_STEP, file.resume.offset)))
        while self._at < file.resume.offset:
            self.readinto(skipped[: file.resume.offset - self._at])

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""
        known = self._grown.known_size - self._at
        count = super().readinto(buffer[:known] if known > 0 else buffer)
        self._at += count
        if (known > 0 and count == known and self.hash != self._grown.known_hash) or (known > 0 and not count):
            raise NotGrown(self._grown)
        return count


@contextmanager
def opened(file: SourceFile) -> Iterator[OpenFile]:
    """Open a file for reading; of one that has grown what is still to be read.

    Raises:
        CannotOpen: it is gone, unreadable, or a link that leads nowhere.
        Damaged: while it is read, if it cannot be unpacked.
        NotGrown: it has not only grown.
    """
    content = file.source.open(file)
    try:
        yield OpenTail(file, content) if isinstance(file, Grown) else OpenFile(file, content)
    finally:
        content.close()


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _decompressor(packing: str) -> _Decompressor:
    if packing == "gzip":
        return zlib.decompressobj(wbits=31)
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).decompressobj()


def _unpack(packed: Iterator[bytes], packing: str, uri: str) -> Iterator[bytes]:
    """Unpack gzip members or zstd frames, one after another.

    Raises:
        Damaged: they are broken off or broken, unpack to far too much, or hold packed content again.
    """
    import zstandard

    state: _Decompressor | None = None
    size_in = size_out = 0
    head = b""
    for data in packed:
        size_in += len(data)
        while data:
            if state is None:
                data = data.lstrip(b"\0")  # padding between members is allowed
                if not data:
                    break
                state = _decompressor(packing)
            try:
                chunk = state.decompress(data)
            except (zlib.error, zstandard.ZstdError, MemoryError) as error:
                raise damaged(
                    uri, f"is corrupt: it begins as {packing} and is not valid {packing} data: fetch it again"
                ) from error
            size_out += len(chunk)
            if size_out > BOMB_BYTES and size_out > BOMB_RATIO * size_in:
                raise damaged(
                    uri, f"unpacks to more than {BOMB_RATIO} times its size: unpack it yourself, if you trust it"
                )
            if len(head) < _MAGIC_BYTES:
                head += chunk[: _MAGIC_BYTES - len(head)]
                if again := packing_of(head):
                    raise damaged(uri, f"is packed twice: {packing} that holds {again}; unpack it once")
            yield chunk
            if not state.eof:
                break
            data, state = state.unused_data, None
    if state is not None:
        raise damaged(uri, f"is corrupt: it breaks off, for the {packing} stream has no end; fetch it again")
