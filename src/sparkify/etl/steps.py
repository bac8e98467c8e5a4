"""The steps of a run: how long each takes, and how far the run is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sparkify.etl.summary import OnProgress, Progress
from sparkify.sources.base import SourceFile


class Steps:
    """Times steps, and reports progress; `done` and `total` are bytes of input, `seconds` are by step."""

    def __init__(self, report: OnProgress | None, seconds: dict[str, float]) -> None:
        self._report = report or (lambda _progress: None)
        self._seconds = seconds
        self.done = 0
        self.total = 0

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """The block is a step, or a part of one."""
        self._report(Progress(step, self.done, self.total))
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[step] = self._seconds.get(step, 0.0) + time.perf_counter() - start

    def of_files(self) -> Callable[[SourceFile], None]:
        """Called with each file that is read, it reports the progress; what is done counts once all are loaded."""
        done = self.done

        def report(file: SourceFile) -> None:
            nonlocal done
            done += file.unread
            self._report(Progress("read", done, self.total))

        return report
