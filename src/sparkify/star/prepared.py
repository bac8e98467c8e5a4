"""The SQL of a chunk, written before it is needed, and run in the chunk's transaction."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import NamedTuple

from sparkify.engines.base import Engine, Row
from sparkify.errors import CheckFailed
from sparkify.sql import render, statements
from sparkify.sql.dialect import Dialect
from sparkify.star import transform
from sparkify.star.checks import CheckFinding, Checks, has_rows, run_checks, written_checks
from sparkify.star.repair import repaired
from sparkify.star.transform import Chunk, Statement

_PAIRS_AT_ONCE = 500
_NAMES_OF = "names of "


class Repairs(NamedTuple):
    """The texts that were repaired, as they were before, and the number of rows that hold them."""

    texts: frozenset[str]
    rows: int


@dataclass(frozen=True)
class Prepared:
    """The statements and the checks of a chunk, in an engine's SQL."""

    statements: tuple[Statement, ...]
    checks: Checks
    repaired_rows: str = ""

    def begin(self, engine: Engine, first_new: int = 0) -> StarUpdate:
        """One run of them, for a chunk whose new files have numbers from `first_new` on."""
        return StarUpdate(self, engine, first_new)


@dataclass
class StarUpdate:
    """Brings the star up to one chunk; the steps are called in their order, in the chunk's transaction."""

    prepared: Prepared
    engine: Engine
    first_new: int = 0
    _days: list[int] = field(default_factory=list)
    _made: list[str] = field(default_factory=list)

    def transform(self) -> None:
        """Bring the star up to staging."""
        for statement in self.prepared.statements:
            if not self._is_needed(statement):
                continue
            rows = self._run(statement.sql)
            if statement.temporary:
                self._made.append(statement.temporary)
            if statement.asks == "suspects":
                _keep_repairs(self.engine, (text for (text,) in rows))
            elif statement.asks == "span":
                self._days = [int(day) for (day,) in rows]
            elif statement.asks.startswith(_NAMES_OF):
                _name_songs(self.engine, statement.asks.removeprefix(_NAMES_OF), rows)

    def repairs(self) -> Repairs:
        """What `transform` has repaired in new and changed rows."""
        rows = self._run(self.prepared.repaired_rows) if self.prepared.repaired_rows else []
        return Repairs(frozenset(text for *texts, _ in rows for text in texts if text), sum(row[-1] for row in rows))

    def check(self, first_file: int = 0, only: str = "") -> Iterator[CheckFinding]:
        """What the checks that warn have found, or one check alone; those of files look at files from `first_file` on.

        Raises:
            CheckFailed: a blocking check found bad rows.
        """
        checks = self.prepared.checks.named(only) if only else self.prepared.checks
        numbers = {"first_new": first_file or self.first_new, "now": int(time.time() * 1000)}
        for finding in run_checks(self.engine, checks, numbers, self._days):
            if finding.check.is_blocking:
                raise CheckFailed(
                    f"check {finding.check.name} failed ({finding.check.about}): {finding.count:,} bad rows",
                    hint=f"{finding.text}\nThe transaction was undone. If you did not change the tables by hand, "
                    "this is a fault in Sparkify: please report it. sparkify etl --full-refresh rebuilds the star.",
                )
            yield finding

    def drop_temporary(self) -> None:
        """Drop the temporary tables that `transform` made."""
        while self._made:
            self.engine.execute_named("star/drop", relations={"asked_table": self._made.pop()})

    def _is_needed(self, statement: Statement) -> bool:
        return not statement.only_if or any(has_rows(self.engine, table) for table in statement.only_if)

    def _run(self, sql: str) -> list[Row]:
        return self.engine.execute(render.bind(sql, {"first_new": self.first_new}, self._days))


@cache
def prepare(dialect: Dialect, chunk: Chunk) -> Prepared:
    """The SQL of a chunk."""
    return Prepared(
        tuple(transform.statements(chunk, dialect)),
        written_checks(chunk, dialect),
        transform.repaired_rows(chunk, dialect),
    )


def _keep_repairs(engine: Engine, suspects: Iterable[str]) -> None:
    """Write down the repair of each text that has one."""
    pairs = [(text, fixed) for text in suspects if (fixed := repaired(text)) != text]
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        batch = pairs[start : start + _PAIRS_AT_ONCE]
        sql = statements.statement("star/keep_repairs", engine.dialect) + ", (?, ?)" * (len(batch) - 1)
        engine.execute(sql, list(chain(*batch)))


def _name_songs(engine: Engine, table: str, songs: Iterable[Row]) -> None:
    """Give songs their ids in a table: those for which the engine has no text that is long enough."""
    for artist, song, artist_name, title in songs:
        digest = hashlib.md5(f"{artist_name}\x1f{title}".encode(), usedforsecurity=False).hexdigest()
        song_id = f"SOX{digest[:15].upper()}"
        engine.execute_named("star/name_song", (song_id, artist, song), relations={"matched_songs": table})


def clear(engine: Engine) -> None:
    """Empty the star."""
    for statement in transform.clear(engine.dialect):
        engine.execute(statement.sql)
