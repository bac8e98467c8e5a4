"""Open a file of any source: its bytes unpacked, with the hash of the packed ones."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

from xxhash import xxh3_128

from sparkify.sources.base import Content, SourceFile, damaged

_HASH_STEP = 1024 * 1024


_MOST_HASHED_AT_ONCE = 16


BOMB_BYTES = 64 * 1024 * 1024


BOMB_RATIO = 200
"""A compressed file is refused when it unpacks to more than both of these; logs reach ratios of 10 to 50."""


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
                raise damaged(file.uri, f"is not valid {file.packing} data") from error
            size_out += len(chunk)
            if size_out > BOMB_BYTES and size_out > BOMB_RATIO * size_in:
                raise damaged(file.uri, f"unpacks to more than {BOMB_RATIO} times its size")
            yield chunk
            if not state.eof:
                break
            data, state = state.unused_data, None
    if state is not None or not size_in:
        raise damaged(file.uri, f"breaks off: the {file.packing} stream has no end")
