"""The SQL of a chunk, written before it is needed, and run in the chunk's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import NamedTuple

from sparkify.engines.base import Engine
from sparkify.errors import CheckFailed
from sparkify.sql import render
from sparkify.sql.dialect import Dialect
from sparkify.star import transform
from sparkify.star.checks import Check, CheckFinding, checks, run_check
from sparkify.star.repair import repaired
from sparkify.star.transform import Chunk, Statement

_PAIRS_AT_ONCE = 500


class Repairs(NamedTuple):
    """The texts that were repaired, as they were before, and the number of rows that hold them."""

    texts: frozenset[str]
    rows: int


@dataclass(frozen=True)
class Prepared:
    """The statements and the checks of a chunk, in an engine's SQL."""

    statements: tuple[Statement, ...]
    checks: tuple[Check, ...]
    repaired_rows: str = ""

    def transform(self, engine: Engine, first_new: int = 0) -> None:
        """Bring the star up to staging, in which the new files have numbers from `first_new` on."""
        for statement in self.statements:
            rows = engine.execute(render.bind(statement.sql, {"first_new": first_new}))
            if statement.finds_suspects:
                _keep_repairs(engine, (text for (text,) in rows))

    def repairs(self, engine: Engine, first_new: int = 0) -> Repairs:
        """What `transform` has repaired in new and changed rows."""
        if not self.repaired_rows:
            return Repairs(frozenset(), 0)
        rows = engine.execute(render.bind(self.repaired_rows, {"first_new": first_new}))
        return Repairs(frozenset(text for *texts, _ in rows for text in texts if text), sum(row[-1] for row in rows))

    def check(self, engine: Engine, first_new: int = 0, only: str = "") -> Iterator[CheckFinding]:
        """What the checks that warn have found, or one check alone.

        Raises:
            CheckFailed: a blocking check found bad rows.
        """
        for check in self.checks:
            if only and check.name != only:
                continue
            finding = run_check(engine, check, first_new)
            if finding and check.is_blocking:
                raise CheckFailed(
                    f"check {check.name} failed ({check.about}): {finding.count:,} bad rows",
                    hint=f"{finding.text}\nThe transaction was undone. If you did not change the tables by hand, "
                    "this is a fault in Sparkify: please report it. sparkify etl --full-refresh rebuilds the star.",
                )
            if finding:
                yield finding

    def drop_temporary(self, engine: Engine) -> None:
        """Drop the temporary tables that `transform` made."""
        for name in dict.fromkeys(statement.temporary for statement in self.statements if statement.temporary):
            engine.execute(f"DROP TABLE {name}")


@cache
def prepare(unknown_songs: str, repair_text: bool, dialect: Dialect, in_full: bool) -> Prepared:
    """The SQL of a chunk: `in_full` for an empty star, which is built from all of staging."""
    chunk = Chunk(unknown_songs, in_full, repair_text)
    return Prepared(
        tuple(transform.statements(chunk, dialect)),
        checks(chunk, dialect),
        transform.repaired_rows(chunk, dialect),
    )


def _keep_repairs(engine: Engine, suspects: Iterable[str]) -> None:
    """Write down the repair of each text that has one."""
    pairs = [(text, fixed) for text in suspects if (fixed := repaired(text)) != text]
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        batch = pairs[start : start + _PAIRS_AT_ONCE]
        values = ", ".join(["(?, ?)"] * len(batch))
        engine.execute(f"INSERT INTO repairs (raw_text, repaired_text) VALUES {values}", list(chain(*batch)))


def clear(engine: Engine) -> None:
    """Empty the star."""
    for statement in transform.clear(engine.dialect):
        engine.execute(statement.sql)
