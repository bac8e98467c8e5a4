"""A part of a stream in memory, and a place in it: what was read is dropped behind the place, and more comes ahead."""

from __future__ import annotations

import sys

from sparkify.contract import MAX_RECORD_BYTES
from sparkify.sources.base import Readable

BLOCK_BYTES = 1024 * 1024
LONGEST_OBJECT = MAX_RECORD_BYTES
"""How far ahead of a place an object can end that begins there, in bytes."""


class Window:
    """`data[at:]` is still to be read, and begins in line `line`; `data[0]` is byte `begin` of the stream.

    What is given as `data` is the beginning, and is followed by what the stream holds.
    """

    def __init__(self, stream: Readable, data: bytes = b"") -> None:
        self._stream = stream
        self._block = bytearray(BLOCK_BYTES)
        self.data = data
        self.begin = 0
        self.at = 0
        self.line = 1
        self.is_last = False

    @property
    def offset(self) -> int:
        """The place in the stream, in bytes."""
        return self.begin + self.at

    @property
    def end(self) -> int:
        """Where the data ends, in bytes of the stream."""
        return self.begin + len(self.data)

    @property
    def left(self) -> int:
        """How many bytes of the data are still to be read."""
        return len(self.data) - self.at

    @property
    def decided(self) -> int:
        """The last offset of which the data tells whether an object begins there: as much follows as one can have."""
        return sys.maxsize if self.is_last else self.end - LONGEST_OBJECT

    def extend(self) -> bool:
        """Read one more block; False at the end of the stream."""
        return self._read_to(self.end + 1)

    def reach(self, offset: int) -> None:
        """Read on until what begins at `offset` is decided."""
        if offset > self.decided:
            self._read_to(offset + 2 * LONGEST_OBJECT)  # twice as far: data is moved for every reading

    def _read_to(self, end: int) -> bool:
        parts = [self.data[self.at :]]
        before = size = self.end
        while size < end and not self.is_last:
            count = self._stream.readinto(memoryview(self._block))
            self.is_last = count == 0
            parts.append(bytes(memoryview(self._block)[:count]))
            size += count
        self.begin, self.at = self.offset, 0
        self.data = b""  # so that there are not three copies
        self.data = b"".join(parts)
        return size > before

    def advance(self, count: int) -> bytes:
        """Move on by `count` bytes, and return them."""
        passed = self.data[self.at : self.at + count]
        self.line += passed.count(b"\n")
        self.at += len(passed)
        return passed
