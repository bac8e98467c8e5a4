"""The history of runs, `etl_runs`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from sparkify.contract import MAX_TEXT_BYTES
from sparkify.engines.base import Engine
from sparkify.errors import TooManyRejects


class Begun(NamedTuple):
    """A row of the history: its number, and when its first run began."""

    run_id: int
    started_at: datetime


class RunLog:
    """The history: a row for this run, in transactions of its own, so that a failed run is recorded too.

    Runs that follow each other share a row: `begun` is that of those before.
    """

    def __init__(
        self, engine: Engine, version: str, settings: Mapping[str, object], begun: Begun | None = None
    ) -> None:
        self._engine = engine
        engine.execute_named("runs/interrupt_left")
        if begun and engine.execute_named("runs/is_there", list(begun)):
            self.begun = begun
            engine.execute_named("runs/resume", [begun.run_id])
            return
        ((number,),) = engine.execute_named("runs/next_number")
        self.begun = Begun(number, datetime.now(UTC).replace(tzinfo=None))
        engine.execute_named("runs/begin", [*self.begun, version, json.dumps(settings)])

    @property
    def run_id(self) -> int:
        """The number of the row."""
        return self.begun.run_id

    def add(self, files: int, removed: int, records: int, rejected: int) -> None:
        """Count a chunk; within its transaction."""
        self._engine.execute_named("runs/add", [files, removed, records, rejected, self.run_id])

    def accept(self, losses: str) -> None:
        """Write down losses of messages that the user accepted; within the transaction that goes on behind them."""
        before = str(self._engine.execute_named("runs/accepted", [self.run_id])[0][0])
        accepted = f"{before}; {losses}" if before else losses
        kept = accepted.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")
        self._engine.execute_named("runs/accept", [kept, self.run_id])

    def finish(self, state: str, reason: str = "") -> None:
        """Write down how the run ended."""
        now = datetime.now(UTC).replace(tzinfo=None)
        seconds = (now - self.begun.started_at).total_seconds()
        self._engine.execute_named("runs/finish", [state, reason, now, seconds, self.run_id])

    def finish_failed(self, error: BaseException) -> None:
        """Write down that the run did not end well, and why."""
        self.finish(_state_of(error), _reason_of(error))


def _state_of(error: BaseException) -> str:
    """How a run ended that did not end well."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "refused" if isinstance(error, TooManyRejects) else "failed"


def _reason_of(error: BaseException) -> str:
    """Why a run failed, in one line."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = str(error).strip().encode("utf-8", "backslashreplace").decode() or type(error).__name__
    return text.splitlines()[0]
