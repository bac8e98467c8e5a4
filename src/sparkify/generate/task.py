"""What one process does of a run: simulate blocks of users, then write days."""

from __future__ import annotations

import errno
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from sparkify.generate.clock import day_name
from sparkify.generate.errors import GenerateError
from sparkify.generate.job import Job
from sparkify.generate.render import Renderer
from sparkify.generate.simulate import Simulator
from sparkify.generate.spool import BlockIndex, Spool, write_block

GZIP_LEVEL = 5
_ROOM = "Make room, or name a folder elsewhere; 1,000 users of the built-in site take 0.1 GB a month."
_RIGHTS = "Name a folder that you may write to."
HINTS = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
}
"""What to do when a file cannot be written, by the system's number of the error."""


@dataclass(frozen=True)
class DayFile:
    """A day's file that was written; `path` is relative to the folder of logs."""

    path: str
    size: int
    events: int
    plays: int
    matched: int


class Task:
    """Holds what is the same for all of a process's calls."""

    def open(self, job: Job) -> None:
        """Prepare for a run."""
        self._job = job
        settings = job.settings
        self._simulator = Simulator(settings.seed, settings.end, job.chain, job.clock, job.population, job.charts)

    def block(self, first: int, count: int, path: Path) -> BlockIndex:
        """Simulate `count` users from number `first` on, and keep their events in `path`."""
        block = self._simulator.block(first, count)
        with disk_errors(path):
            return write_block(self._job, block, first, path)

    def collect(self, blocks: list[BlockIndex]) -> None:
        """Prepare for writing the days of all blocks."""
        self._spool = Spool(self._job, blocks)
        self._renderer = Renderer(self._job)

    def bucket(self, number: int) -> tuple[list[int], Iterator[bytes]] | None:
        """The times and the rendered lines of one bucket, numbered over all days; None if nothing happens in it."""
        bucket = self._spool.bucket(number)
        return None if bucket is None else (bucket.milliseconds.tolist(), self._renderer.render(bucket))

    def day(self, number: int, folder: Path) -> DayFile | None:
        """Write the run's day `number` under `folder`; a day without events has no file."""
        date = day_name(self._job.first_day + number)
        suffix = ".json.gz" if self._job.settings.gzip else ".json"
        name = f"{date:%Y/%m}/{date:%Y-%m-%d}-events{suffix}"
        path = folder / name
        events = plays = matched = 0
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with _writer(path, self._job.settings.gzip) as file:
                per_day = self._job.buckets_a_day
                for n in range(number * per_day, (number + 1) * per_day):
                    bucket = self._spool.bucket(n)
                    if bucket is None:
                        continue
                    for part in self._renderer.render(bucket):
                        file.write(part)
                    events += len(bucket.song)
                    plays += int(np.count_nonzero(bucket.song >= 0))
                    inside = (bucket.song >= 0) & (bucket.song < len(self._job.inside))
                    matched += int(np.count_nonzero(inside))
            if not events:
                path.unlink()
                return None
            return DayFile(name, path.stat().st_size, events, plays, matched)


@contextmanager
def _writer(path: Path, compress: bool) -> Iterator[IO[bytes]]:
    with path.open("xb") as raw:
        if not compress:
            yield raw
            return
        # No time and no name in the header: the same events give the same bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=GZIP_LEVEL, mtime=0) as file:
            yield file  # type: ignore[misc]


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Say what the operating system says of `path` as an error of ours."""
    try:
        yield
    except OSError as e:
        what = f"{e.filename or path} cannot be written: {e.strerror or e}."
        raise GenerateError(what, hint=HINTS.get(e.errno or 0, "")) from e
