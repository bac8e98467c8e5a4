"""`sparkify etl --follow`: load what arrives until a signal ends it."""

from __future__ import annotations

import sys
import time
from collections import deque
from datetime import UTC, datetime

from sparkify.cli import signals
from sparkify.cli.living import living_line
from sparkify.cli.output import Format, count_of, plain_text, print_json, say, warn
from sparkify.config.settings import Settings
from sparkify.errors import SparkifyError, UsageError
from sparkify.etl.follow import Behind, Follower, Pace, Watcher
from sparkify.etl.session import Commit
from sparkify.etl.summary import Options, Summary
from sparkify.sources.base import shown
from sparkify.text import seconds_of

RATE_SECONDS = 30.0
"""The rate that is shown is that of so many seconds."""


def pace_of(every: str | None, songs_every: str | None) -> Pace:
    """How often sources are looked at, as users write it.

    Raises:
        UsageError: it is no duration.
    """
    given = {"every": every, "songs_every": songs_every}
    seconds = {}
    for name, text in given.items():
        if text is not None:
            try:
                seconds[name] = seconds_of(text)
            except ValueError as error:
                raise UsageError(f"--{name.replace('_', '-')} {error}", hint="Such as --every 10s.") from error
    return Pace(**seconds)


def follow(
    settings: Settings, options: Options, output: Format, *, follow: bool, every: str | None, songs_every: str | None
) -> None:
    """Load what arrives, and say so; the first signal ends it after the current commit, a second one at once.

    Raises:
        UsageError: an interval is no duration, or is given without --follow.
    """
    if not follow:
        raise UsageError("--every and --songs-every are for --follow", hint="Add --follow, or leave them out.")
    pace = pace_of(every, songs_every)
    stop = _Stop()
    told = _Told(is_log=not sys.stderr.isatty())
    begun = time.monotonic()
    with signals.asking(stop.ask), living_line(told.line):
        for summary in Follower(settings, options, pace, told, stop.is_asked).batches():
            told.batch(summary)
    if output is Format.JSON:
        print_json({**told.totals, "seconds": time.monotonic() - begun})
    else:
        counts = f"{count_of(told.totals['events'], 'event')} and {count_of(told.totals['songs'], 'song')}"
        commits = count_of(told.totals["commits"], "commit")
        say(f"ended: {counts} in {commits}, {told.totals['rejected']:,} rejected; the warehouse is at its last commit")


class _Stop:
    """Whether an end was asked for."""

    def __init__(self) -> None:
        self._asked = False

    def ask(self) -> None:
        self._asked = True

    def is_asked(self) -> bool:
        return self._asked


class _Told(Watcher):
    """Counts what was committed, and says what must be said; a line for each commit if that `is_log`."""

    def __init__(self, *, is_log: bool) -> None:
        self.totals = dict.fromkeys(("commits", "events", "songs", "rejected"), 0)
        self._is_log = is_log
        self._behind = 0
        self._failed: set[tuple[str, str]] = set()
        self._warned: set[str] = set()
        self._latest: deque[tuple[float, int]] = deque()
        self._begun = time.monotonic()
        self._last_commit = 0.0

    def looked(self, behind: Behind) -> None:
        self._behind = behind.offsets

    def committed(self, commit: Commit) -> None:
        self.totals["commits"] += 1
        for name in ("events", "songs", "rejected"):
            self.totals[name] += getattr(commit, name)
        self._behind = max(0, self._behind - commit.offsets)
        self._last_commit = commit.at
        self._latest.append((time.monotonic(), commit.events))
        while self._latest[0][0] < time.monotonic() - RATE_SECONDS:
            self._latest.popleft()
        if self._is_log:
            said = f"committed {count_of(commit.events, 'event')}, {count_of(commit.songs, 'song')}"
            said += f", rejected {commit.rejected:,}" if commit.rejected else ""
            said += f", {count_of(self._behind, 'message')} behind" if commit.offsets else ""
            say(f"{_now()} {said}")

    def failed(self, error: SparkifyError, pause: float) -> None:
        warn(f"{_now()} {plain_text(error.what)}; trying again in {pause:.0f} s")

    def line(self, width: int) -> str:
        """What a terminal shows all the time."""
        now = time.monotonic()
        events = sum(count for at, count in tuple(self._latest) if at >= now - RATE_SECONDS)
        rate = events / max(1.0, min(RATE_SECONDS, now - self._begun))
        last = f"{datetime.fromtimestamp(self._last_commit):%H:%M:%S}" if self._last_commit else "none yet"
        return (
            f"{rate:,.0f} events/s | {self._behind:,} behind | last commit {last} | "
            f"{self.totals['rejected']:,} rejected | {self.totals['events']:,} events"
        )

    def batch(self, summary: Summary) -> None:
        """Say what a batch brought that is no mere number."""
        notes = [summary.migrated, *summary.listing_changed, *(f"accepted: {loss}" for loss in summary.accepted)]
        if summary.rebuilt_because:
            notes.append(f"the star was rebuilt: {summary.rebuilt_because}")
        for found in summary.failed_files.items():
            if found not in self._failed:
                self._failed.add(found)
                notes.append(f"failed: {shown(found[0])} {found[1]}")
        for name, (count, about) in summary.warnings.items():
            if name not in self._warned:
                self._warned.add(name)
                notes.append(f"warning: check {name}, {count_of(count, 'row')}: {about}")
        for note in filter(None, notes):
            warn(f"{_now()} {plain_text(note)}")


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
