"""Events on their way from blocks of users to days.

Each block is written to a file of its own, in columns, in the order of time. A bucket (a day, or a part of one) is
then read as one slice from every block's file, so that nothing larger than a bucket is ever held.

Sessions are numbered here: by the day on which they start, then by block, then by start. So the numbers are dense,
start at 1, roughly follow time, and depend on no worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from sparkify.generate.config import DAY_SECONDS
from sparkify.generate.job import Job
from sparkify.generate.rng import I64
from sparkify.generate.simulate import Block, by_time

EVENT_COLUMNS: list[tuple[str, type[np.generic]]] = [
    ("second", np.uint32),  # since the first day began
    ("session", np.uint32),  # position in the block's sessions
    ("item", np.uint32),
    ("song", np.int32),
    ("state", np.uint16),
]
SESSION_COLUMNS: list[tuple[str, type[np.generic]]] = [("user", np.uint32), ("day", np.uint16)]


@dataclass(frozen=True)
class BlockIndex:
    """Where in a block's file what is."""

    path: Path
    first_user: int
    events: int
    sessions: int
    buckets: I64  # the first event of every bucket, and the end
    sessions_by_day: I64


@dataclass
class Bucket:
    """The events of a bucket in the order of time, and the sessions they belong to."""

    milliseconds: I64  # since the epoch
    session: npt.NDArray[np.intp]  # position in the two arrays below
    item: I64
    song: npt.NDArray[np.int32]
    state: npt.NDArray[np.uint16]
    session_id: I64
    session_user: I64


def write_block(job: Job, block: Block, first_user: int, path: Path) -> BlockIndex:
    """Write a block's events and sessions to `path`."""
    origin = job.first_day * DAY_SECONDS
    second = block.time - origin
    day = block.session_start // DAY_SECONDS - job.first_day
    edges = np.arange(job.days * job.buckets_a_day + 1) * (DAY_SECONDS // job.buckets_a_day)
    events: tuple[npt.NDArray[Any], ...] = (second, block.session, block.item, block.song, block.state)
    sessions: tuple[npt.NDArray[Any], ...] = (block.session_user, day)
    with path.open("wb") as file:
        for (_, kind), column in zip(EVENT_COLUMNS, events, strict=True):
            file.write(column.astype(kind).data)
        for (_, kind), column in zip(SESSION_COLUMNS, sessions, strict=True):
            file.write(column.astype(kind).data)
    return BlockIndex(
        path,
        first_user,
        len(second),
        len(day),
        np.searchsorted(second, edges),
        np.bincount(day, minlength=job.days),
    )


class Spool:
    """All blocks of a run."""

    def __init__(self, job: Job, blocks: list[BlockIndex]) -> None:
        """Number the sessions of all blocks."""
        self._job = job
        self._blocks = blocks
        counts = np.array([b.sessions_by_day for b in blocks], np.int64)  # (blocks, days)
        before_in_all = 1 + (np.cumsum(counts.T) - counts.T.ravel()).reshape(counts.T.shape).T
        before_in_block = np.cumsum(counts, axis=1) - counts
        self._shift = before_in_all - before_in_block  # session id = position in the block + shift of its day

    def bucket(self, number: int) -> Bucket | None:
        """Read one bucket, numbered over all days; None if nothing happens in it."""
        parts = [p for n, b in enumerate(self._blocks) if (p := self._slice(n, b, number)) is not None]
        if not parts:
            return None
        second, ids, item, song, state, sessions, users = (list(column) for column in zip(*parts, strict=True))
        all_ids = np.concatenate(sessions)
        all_users = np.concatenate(users)
        offsets = np.cumsum([0] + [len(part) for part in sessions[:-1]])
        session = np.concatenate([part + offset for part, offset in zip(ids, offsets, strict=True)])
        phase = self._job.population.phase(all_users)
        origin = self._job.first_day * DAY_SECONDS
        milliseconds = (np.concatenate(second) + origin) * 1000 + phase[session]
        order = by_time(milliseconds)
        return Bucket(
            milliseconds[order],
            session[order],
            np.concatenate(item)[order],
            np.concatenate(song)[order],
            np.concatenate(state)[order],
            all_ids,
            all_users,
        )

    def _slice(self, number: int, block: BlockIndex, bucket: int) -> tuple[npt.NDArray[Any], ...] | None:
        """A block's part of a bucket: the events' columns, then id and user of the sessions they belong to."""
        low, high = int(block.buckets[bucket]), int(block.buckets[bucket + 1])
        if low == high:
            return None
        with block.path.open("rb") as file:
            columns, start = [], 0
            for _, kind in EVENT_COLUMNS:
                columns.append(_read(file, kind, start, low, high))
                start += block.events * np.dtype(kind).itemsize
            second, session, item, song, state = columns
            first, last = int(session.min()), int(session.max()) + 1
            user = _read(file, np.uint32, start, first, last)
            day = _read(file, np.uint16, start + block.sessions * 4, first, last)
        used = np.zeros(last - first, np.bool_)
        used[session - first] = True
        position = np.cumsum(used) - 1
        ids = (np.arange(first, last) + self._shift[number, day])[used]
        users = user[used].astype(np.int64) + block.first_user
        return second.astype(np.int64), position[session - first], item.astype(np.int64), song, state, ids, users


def _read(file: IO[bytes], kind: type[np.generic], start: int, low: int, high: int) -> npt.NDArray[Any]:
    size = np.dtype(kind).itemsize
    file.seek(start + low * size)
    return np.fromfile(file, kind, high - low)
