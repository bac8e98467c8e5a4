"""Slices of a topic: which messages are read next, and what they look like once they are on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparkify.sources.base import SourceFile

BLOCK_MESSAGES = 10_000
"""How many messages are handed on at a time."""

NO_VALUE = -1
"""The length of a value or a key that is null."""


@dataclass(frozen=True, slots=True)
class Slice(SourceFile):
    """The messages of a partition from the offset `begin` up to `end`, which is not among them.

    `file_id` is the number that the partition has in the warehouse; None if it was never read. `turn` counts the slices
    of one partition in a run. `lost` offsets before `begin` were deleted unread, and the user accepts that; `accepted`
    says it in words.
    """

    cluster_id: str = ""
    topic: str = ""
    topic_id: str = ""
    partition: int = 0
    begin: int = 0
    end: int = 0
    file_id: int | None = None
    turn: int = 0
    lost: int = 0
    accepted: str = ""

    @property
    def came_from(self) -> int:
        """The offset at which the warehouse stands."""
        return self.begin - self.lost


class Fetched(NamedTuple):
    """What was fetched of a slice: all messages before `end`, which may be less far than was planned.

    `values` is a file with each value that is not null, a line end behind it; `rows` one with a row of four numbers
    for each message: offset, length of the value, time in milliseconds (negative if unknown), length of the key; `keys`
    one with the keys. Offsets without a row hold no message: they are aborted, compacted or control records.
    """

    end: int
    messages: int
    values: str
    rows: str
    keys: str


class Block(NamedTuple):
    """Some messages of a slice: rows as in `Fetched`, the values with a line end behind each, and the keys."""

    rows: npt.NDArray[np.int64]
    values: bytes
    keys: bytes


class Message(NamedTuple):
    """One message: its time in milliseconds (negative if unknown), its key and its value."""

    time: int
    key: bytes | None
    value: bytes | None


class Messages:
    """The messages of a slice on this machine, opened for reading: as content, or block by block."""

    path = ""

    def __init__(self, part: Slice, fetched: Fetched) -> None:
        self.slice = part
        self.end = fetched.end
        self.count = fetched.messages
        self.tag = str(fetched.end)
        self._values = open(fetched.values, "rb")  # noqa: SIM115
        self._index = open(fetched.rows, "rb")  # noqa: SIM115
        self._keys = open(fetched.keys, "rb")  # noqa: SIM115
        self.size = os.fstat(self._values.fileno()).st_size

    def blocks(self) -> Iterator[Block]:
        """The messages, in the order of their offsets."""
        width = 4 * np.dtype(np.int64).itemsize
        while data := self._index.read(width * BLOCK_MESSAGES):
            rows = np.frombuffer(data, dtype=np.int64).reshape(-1, 4)
            lengths, keys = rows[:, 1], rows[:, 3]
            size = int(lengths[lengths >= 0].sum()) + int(np.count_nonzero(lengths >= 0))
            yield Block(rows, self._values.read(size), self._keys.read(int(keys[keys > 0].sum())))

    def first(self) -> Message | None:
        """The first message, if there is any."""
        block = next(self.blocks(), None)
        if block is None:
            return None
        _, length, time, key_length = block.rows[0].tolist()
        key = None if key_length < 0 else block.keys[:key_length]
        return Message(time, key, None if length < 0 else block.values[:length])

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer with values, one a line; 0 means the end."""
        return self._values.readinto(buffer)

    def is_one_state(self, content_hash: str) -> bool:  # noqa: ARG002
        """Messages do not change."""
        return True

    def close(self) -> None:
        """Close the files."""
        for file in (self._values, self._index, self._keys):
            file.close()
