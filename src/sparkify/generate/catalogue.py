"""The songs: made up or read from a catalogue, how popular each is, and the tree of files they are written to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sparkify.generate.rng import F64, I64, Purpose, Stream

DEFAULT_SECONDS = 240.0  # of a song whose record does not say how long it is
SONGS_PER_FOLDER = 25
FOLDERS = 26**3
# Popularity of rank r falls as 1 / (r + SHIFT)^SKEW: of 5,000 songs the first gets 2 % of the plays.
SKEW, SHIFT = 0.9, 5.0

Record = dict[str, Any]


@dataclass(frozen=True)
class Song:
    """What a play says of its song."""

    artist: str
    title: str
    length: float  # seconds


class Charts:
    """All songs that can be played, and how often: first the catalogue's, then those outside it."""

    def __init__(self, seed: int, inside: list[Song], outside: list[Song], match_rate: float) -> None:
        """Rank the songs; a play is of one `inside` with probability `match_rate`."""
        self.songs = inside + outside
        self.seconds: I64 = np.array([int(s.length) for s in self.songs], np.int64)
        self._split = match_rate if outside else 1.0
        self._inside = _ranking(seed, 0, len(inside))
        self._outside = _ranking(seed, len(inside), len(outside))

    def draw(self, uniform: F64) -> npt.NDArray[np.int32]:
        """The positions of songs for numbers in [0, 1)."""
        if self._split >= 1.0:
            return self._inside[_ranks(uniform, len(self._inside))]
        hit = uniform < self._split
        result = np.empty(len(uniform), np.int32)
        result[hit] = self._inside[_ranks(uniform[hit] / self._split, len(self._inside))] if self._split else 0
        missed = (uniform[~hit] - self._split) / (1.0 - self._split)
        result[~hit] = self._outside[_ranks(missed, len(self._outside))]
        return result


def _ranking(seed: int, first: int, count: int) -> npt.NDArray[np.int32]:
    """The songs `first` to `first + count - 1` in the order of their popularity."""
    lots = Stream(seed, Purpose.POPULARITY, np.arange(first, first + count)).bits(0)
    return np.asarray(np.argsort(lots, kind="stable") + first, np.int32)


def _ranks(uniform: F64, count: int) -> npt.NDArray[np.intp]:
    """Ranks from 0 for numbers in [0, 1): the inverse of the integral of 1 / (r + SHIFT)^SKEW."""
    low, high = SHIFT ** (1 - SKEW), (count + SHIFT) ** (1 - SKEW)
    rank: F64 = (low + uniform * (high - low)) ** (1 / (1 - SKEW)) - SHIFT
    return np.minimum(np.maximum(rank.astype(np.intp), 0), count - 1)


def song_of(record: Record) -> Song:
    """The song of a catalogue record."""
    seconds = record.get("duration")
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 1 <= seconds < 1e6
    return Song(record["artist_name"], record["title"], float(seconds) if known and seconds else DEFAULT_SECONDS)


def write(records: Iterable[Record], folder: Path, tick: Callable[[int], None]) -> list[tuple[str, int]]:
    """Write one file a record into the tree A/B/C, as in the Million Song Dataset.

    Returns:
        The paths of the files, relative to `folder`, and their sizes in bytes.
    """
    written = []
    rows = list(records)
    width = max(SONGS_PER_FOLDER, -(-len(rows) // FOLDERS))
    for n, record in enumerate(rows):
        leaf, place = divmod(n, width)
        letters = _letters(leaf, 3)
        path = "/".join(letters)
        if place == 0:
            (folder / path).mkdir(parents=True, exist_ok=True)
        name = f"{path}/TR{letters}{_letters(place, 2)}128F{n:09X}.json"
        size = (folder / name).write_bytes(json.dumps(record).encode())
        written.append((name, size))
        if n % 256 == 255:
            tick(256)
    tick(len(rows) % 256)
    return written


def _letters(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 26)
        text = chr(65 + digit) + text
    return text
