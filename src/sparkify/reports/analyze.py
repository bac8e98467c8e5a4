"""What a warehouse holds, whether it can be trusted, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sparkify.engines.base import Engine, Row
from sparkify.reports.duplicates import Duplicates, find_duplicates
from sparkify.reports.questions import Answered, Question, ask, questions
from sparkify.reports.unresolved import Unresolved, find_unresolved
from sparkify.sql import definitions
from sparkify.star.checks import run_checks, written_checks
from sparkify.star.transform import Chunk
from sparkify.warehouse.tables import count_rows, require_tables


class Checked(NamedTuple):
    """The state of a check: `passed`, `warning` or `failed`; and its first bad rows."""

    name: str
    state: str
    bad_rows: int
    about: str
    examples: list[dict[str, object]]


@dataclass(frozen=True)
class Analysis:
    """Rows by table, the state of every check, an answer to every question, what is open, and duplicates of plays.

    `lags` says how far behind topics are, in words, by a name.
    """

    rows: dict[str, int]
    checks: list[Checked]
    answers: list[Answered]
    unresolved: Unresolved
    duplicates: Duplicates
    lags: dict[str, str] = field(default_factory=dict)


def analyze(engine: Engine) -> Analysis:
    """Count the rows, run the checks, and answer every question."""
    rows, checked, answers = row_counts(engine), check_all(engine), answer_all(engine, questions())
    return Analysis(rows, checked, answers, find_unresolved(engine), find_duplicates(engine))


def answer_all(engine: Engine, wanted: Iterable[Question]) -> list[Answered]:
    """The answers to some questions, in their order."""
    require_tables(engine)
    return [ask(engine, question) for question in wanted]


def row_counts(engine: Engine) -> dict[str, int]:
    """Rows of every table of staging and star."""
    require_tables(engine)
    names = ["staging_events", "staging_songs", *sorted(definitions.STAR)]
    return {name: count_rows(engine, name) for name in names}


def stored_setting(engine: Engine, name: str, default: str) -> str:
    """A setting that the star was built with."""
    rows = engine.execute_named("settings/one", [name])
    return str(rows[0][0]) if rows else default


def check_all(engine: Engine) -> list[Checked]:
    """Every check, over the whole warehouse."""
    require_tables(engine)
    chunk = Chunk(stored_setting(engine, "unknown_songs", "infer"), in_full=True)
    checks = written_checks(chunk, engine.dialect, loading=False)
    numbers = {"first_new": 0, "now": int(time.time() * 1000)}
    found = {finding.check.name: finding for finding in run_checks(engine, checks, numbers)}
    results = []
    for check in checks.every:
        finding = found.get(check.name)
        if finding is None:
            results.append(Checked(check.name, "passed", 0, check.about, []))
            continue
        state = "failed" if check.is_blocking else "warning"
        examples = [dict(zip(finding.columns, row, strict=True)) for row in finding.rows]
        results.append(Checked(check.name, state, finding.count, check.about, examples))
    return results


class Holdings(NamedTuple):
    """What a warehouse holds: rows by table, files, rejects, the time span, settings, the last run, and what is open.

    `last_run` is number, state, beginning and reason; nothing before the first run.
    """

    counts: dict[str, int]
    files: int
    rejects: int
    first_play: datetime | None
    last_play: datetime | None
    settings: dict[str, str]
    last_run: Row | None
    unresolved: Unresolved

    def in_words(self) -> dict[str, object]:
        """By name, for people."""
        values: dict[str, object] = {"files": self.files, **self.counts, "rejects": self.rejects}
        values["failed_files"] = self.unresolved.of_failed or "none"
        values["open"] = self.unresolved.of_rejects or "no rejected record is open"
        values |= {"first_play": self.first_play, "last_play": self.last_play}
        values |= self.settings
        if self.last_run:
            number, state, started, reason = self.last_run
            because = f": {reason}" if reason else ""
            values["last_run"] = f"{number}, {state}, {started:%Y-%m-%d %H:%M:%S} UTC{because}"
        return values

    def as_dict(self) -> dict[str, object]:
        """As a document: numbers are numbers, and what has parts is an object."""
        run = (
            dict(zip(("run_id", "state", "started_at", "reason"), self.last_run, strict=True))
            if self.last_run
            else None
        )
        return {
            "files": self.files,
            "rows": self.counts,
            "rejects": self.rejects,
            "open": self.unresolved.as_dict(),
            "first_play": self.first_play,
            "last_play": self.last_play,
            "settings": {name: _typed(text) for name, text in self.settings.items()},
            "last_run": run,
        }


def _typed(text: str) -> object:
    """A setting as it is stored, as the value that it stands for."""
    return {"true": True, "false": False}.get(text, int(text) if text.isdecimal() else text)


def find_holdings(engine: Engine) -> Holdings:
    """What a warehouse that has its tables holds."""
    counts = row_counts(engine)
    files, rejected = engine.execute_named("reports/files")[0]
    first, last = engine.execute_named("reports/time_span")[0]
    run = engine.execute_named("runs/last")
    settings: dict[str, str] = dict(engine.execute_named("settings/all"))
    unresolved = find_unresolved(engine)
    return Holdings(counts, files, int(rejected), first, last, settings, run[0] if run else None, unresolved)


def holdings(engine: Engine) -> dict[str, object]:
    """Files, rows, rejects, time span, settings and the last run, by name, for people."""
    return find_holdings(engine).in_words()
