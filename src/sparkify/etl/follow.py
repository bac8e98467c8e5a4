"""Follow sources: load what arrives, in batches, until told to stop.

A batch is a run of the etl. Between batches the connections to servers and brokers stay, and so do the rendered SQL and
the manifest. A warehouse that keeps readers out while it is open is closed after each batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from sparkify.config.settings import Settings
from sparkify.engines.base import Engine
from sparkify.engines.registry import connect
from sparkify.errors import SparkifyError
from sparkify.etl.listing import Sources, list_sources
from sparkify.etl.mixed_up import refuse_mixed_up
from sparkify.etl.plan import Plan, compare
from sparkify.etl.run import Run
from sparkify.etl.session import Commit, Session, Tally
from sparkify.etl.summary import Options, Summary
from sparkify.sources.opening import Bounds

LATEST_RECORDS = 100_000
"""`max_rejects` is asked over so many records, or over the batch if that is larger."""
BATCH_MESSAGES = 1_000_000
"""How many messages are committed at once, at the most."""
SECONDS_IN_BATCH = 10.0
"""For how long messages are fetched for one commit, or for `Pace.every` if that is longer."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""How long is waited after a failure that may pass, in seconds; each further one doubles it."""
_STEP = 0.1
"""How long a wait goes on before `stop` is asked again."""


class Pace(NamedTuple):
    """How often sources are looked at, in seconds; songs, which change less often, at an interval of their own."""

    every: float = 10.0
    songs_every: float = 60.0


class Behind(NamedTuple):
    """What was there to be loaded when the sources were looked at: offsets of topics, and files."""

    offsets: int
    files: int


class Watcher:
    """Is told what a follower does. It does nothing about it; a subclass may."""

    def looked(self, behind: Behind) -> None:
        """Sources were looked at."""

    def committed(self, commit: Commit) -> None:
        """A chunk was committed."""

    def failed(self, error: SparkifyError, pause: float) -> None:
        """A batch failed, and is tried again after a pause of so many seconds."""

    def waiting(self) -> None:
        """Nothing is to be done now; called many times a second."""


class Follower:
    """Loads what arrives in the sources of the settings; `stop` is asked again and again, and ends it once true.

    A batch that has begun is committed, up to its next chunk.
    """

    def __init__(
        self,
        settings: Settings,
        options: Options | None = None,
        pace: Pace = Pace(),  # noqa: B008
        watcher: Watcher | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._options = options or Options()
        self._pace = pace
        self._watcher = watcher or Watcher()
        self._stop = stop
        self._session = Session(Tally(LATEST_RECORDS), stop, self._watcher.committed, keeps_manifest=True)
        self._sources: Sources | None = None
        self._songs_due = 0.0
        self._engine: Engine | None = None

    def batches(self) -> Iterator[Summary]:
        """What each batch did that found something to do.

        A failure that may pass is told to the watcher, and the batch is tried again.

        Raises:
            SparkifyError: what went wrong; the warehouse is at its last commit.
        """
        failures = 0
        try:
            while not self._stop():
                begun = time.monotonic()
                try:
                    summary = self._batch()
                except SparkifyError as error:
                    if not error.passes:
                        raise
                    failures += 1
                    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 16))
                    self._watcher.failed(error, pause)
                    self._wait_until(time.monotonic() + pause)
                    continue
                failures = 0
                if summary:
                    yield summary
                self._wait_until(begun + self._pace.every)
        finally:
            self._close()

    def _batch(self) -> Summary | None:
        """Load what there is; None if there is nothing."""
        sources = self._look()
        plan = self._compared(sources)
        if plan and plan.is_empty and not (self._options.prune and plan.vanished):
            return None
        with self._warehouse() as engine:
            summary = Run(engine, self._settings, self._options, session=self._session).run(sources, plan)
        self._options = replace(self._options, full_refresh=False, reread=False)  # they are asked for once
        return summary

    def _look(self) -> Sources:
        """The sources as they are now; songs only if they are due."""
        now = time.monotonic()
        if self._sources is None:
            sources = list_sources(self._settings, self._bounds())
            refuse_mixed_up(sources)
            self._sources = sources
            self._songs_due = now + self._pace.songs_every
            return self._sources
        due = dict(self._sources)
        if now >= self._songs_due:
            self._songs_due = now + self._pace.songs_every
        elif len(due) > 1:
            del due["songs"]
        for source in due.values():
            source.look_again()
        return due

    def _bounds(self) -> Bounds:
        return Bounds(int(self._settings.chunk_bytes), BATCH_MESSAGES, max(SECONDS_IN_BATCH, self._pace.every))

    def _compared(self, sources: Sources) -> Plan | None:
        """What there is to do by the manifest that was kept; None if there is none yet."""
        if self._session.kept is None:
            return None
        plan = compare(sources, self._session.kept.manifest, reread=self._options.reread, start=self._options.start)
        self._watcher.looked(Behind(plan.offsets, len(plan.to_load)))
        return plan

    @contextmanager
    def _warehouse(self) -> Iterator[Engine]:
        """The warehouse, opened if it is not; closed after a failure, and if readers could not get in."""
        if self._engine is None:
            self._engine = connect(self._settings.warehouse, self._settings.access(read_only=False))
        try:
            yield self._engine
        except BaseException:
            self._close()
            raise
        if self._engine.capabilities.keeps_others_out:
            self._close()

    def _close(self) -> None:
        engine, self._engine = self._engine, None
        if engine:
            engine.close()

    def _wait_until(self, end: float) -> None:
        while not self._stop() and (left := end - time.monotonic()) > 0:
            self._watcher.waiting()
            time.sleep(min(_STEP, left))
