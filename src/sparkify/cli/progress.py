"""The line that shows how far a run is: its step, a bar, the bytes of input, and a clock."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sparkify.cli.living import living_line, redraw
from sparkify.cli.output import is_quiet
from sparkify.cli.terminal import is_unicode

if TYPE_CHECKING:
    from sparkify.etl.summary import OnProgress, Progress

OnCount = Callable[[str, int, int], None]
_BAR = 24
_BEGINS_AT = {"list": 0.0, "plan": 0.0, "fetch": 0.0, "read": 0.0, "load": 0.35, "transform": 0.55, "check": 0.85,
              "commit": 0.95}  # fmt: skip
"""The part of a chunk that is done when a step of it begins; reading fills its own part by bytes."""


class RunProgress:
    """What a run reported last, as a line.

    A run reports bytes while it reads a chunk, and where the chunk began while it works on it; the line shows the chunk
    as done by its steps, so that it never goes back.
    """

    def __init__(self) -> None:
        self._began = self._step_began = time.monotonic()
        self._step = "list"
        self._chunk_begins = self._read = 0
        self._total = 0
        self._share = 0.0

    def report(self, progress: Progress) -> None:
        """Take in what a run reports."""
        if progress.step != self._step:
            self._step, self._step_began = progress.step, time.monotonic()
        self._total = progress.total
        if progress.step == "read" and progress.done > self._read:
            self._read = progress.done
        elif progress.done > self._chunk_begins:
            self._chunk_begins = progress.done
        self._share = max(self._share, self._now())

    def _now(self) -> float:
        """The part of all input that is done, of 1."""
        if not self._total:
            return 0.0
        begins = _BEGINS_AT.get(self._step, 0.0)
        chunk = max(0, self._read - self._chunk_begins)
        return min(1.0, (self._chunk_begins + chunk * (begins or _BEGINS_AT["load"])) / self._total)

    def line(self, width: int) -> str:
        """The line, for a terminal of so many columns."""
        now = time.monotonic()
        clock = f"{_clock(now - self._began)}"
        step = f"{self._step:<9} {_clock(now - self._step_began)}"
        if not self._total:
            return f"{step}   in all {clock}"
        done = f"{_size(min(self._read, self._total))} of {_size(self._total)} read"
        said = f"{self._share:>4.0%}   {done}   in all {clock}"
        room = min(_BAR, width - len(step) - len(said) - 4)
        return f"{step}   {_bar(self._share, room)} {said}" if room > 3 else f"{step}   {said}"


def _bar(share: float, room: int = _BAR) -> str:
    full, empty = ("━", "─") if is_unicode(sys.stderr) else ("#", ".")
    length = round(share * room)
    return full * length + empty * (room - length)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:,.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"


@contextmanager
def run_progress() -> Iterator[OnProgress | None]:
    """Show how far a run is while the block works; on a terminal only, and not with `--quiet`."""
    if is_quiet() or not sys.stderr.isatty():
        yield None
        return
    progress = RunProgress()
    with living_line(progress.line):
        yield progress.report


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show what is being done, and for how long, while the block works; on a terminal only."""
    began = time.monotonic()
    if is_quiet():
        yield
        return
    with living_line(lambda _width: f"{what}   {_clock(time.monotonic() - began)}"):
        yield


@contextmanager
def counted(stages: Mapping[str, str]) -> Iterator[OnCount | None]:
    """Show what is counted while the block works, and for how long; on a terminal only.

    `stages` are what is said of each stage by its name; the function takes a stage, how many are done, and of how many,
    which is 0 if that is not known.
    """
    if is_quiet() or not sys.stderr.isatty():
        yield None
        return
    began = time.monotonic()
    now = (next(iter(stages)), 0, 0)

    def count(stage: str, done: int, total: int) -> None:
        nonlocal now
        is_turn = stage != now[0] or done == total
        now = (stage, done, total)
        if is_turn:  # a short stage would be over before the next beat
            redraw()

    def line(_width: int) -> str:
        stage, done, total = now
        of = f" of {total:,}   {_bar(done / total)}" if total else ""
        return f"{stages[stage]:<17} {done:,}{of}   {_clock(time.monotonic() - began)}"

    with living_line(line):
        yield count
