"""The SQL of a chunk, written before it is needed, and run in the chunk's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sparkify import models, transform
from sparkify.checks import Check, Finding, checks, run_check
from sparkify.engines.base import Engine
from sparkify.engines.dialects import Dialect
from sparkify.errors import CheckFailed
from sparkify.transform import Chunk, Statement


@dataclass(frozen=True)
class Prepared:
    """The statements and the checks of a chunk, in an engine's SQL."""

    statements: tuple[Statement, ...]
    checks: tuple[Check, ...]

    def transform(self, engine: Engine, first_new: int = 0) -> None:
        """Bring the star up to staging, in which the new files have numbers from `first_new` on."""
        for statement in self.statements:
            engine.execute(models.bind(statement.sql, {"first_new": first_new}))

    def check(self, engine: Engine, first_new: int = 0) -> Iterator[Finding]:
        """What the checks that warn have found.

        Raises:
            CheckFailed: a blocking check found bad rows.
        """
        for check in self.checks:
            finding = run_check(engine, check, first_new)
            if finding and check.is_blocking:
                raise CheckFailed(
                    f"check {check.name} failed ({check.about}): {finding.count:,} bad rows",
                    hint=f"{finding.text}\nThe transaction was undone. If you did not change the tables by hand, "
                    "this is a fault in Sparkify: please report it. sparkify etl --full-refresh builds the star anew.",
                )
            if finding:
                yield finding

    def drop_temporary(self, engine: Engine) -> None:
        """Drop the temporary tables that `transform` made."""
        for name in dict.fromkeys(statement.temporary for statement in self.statements if statement.temporary):
            engine.execute(f"DROP TABLE {name}")


@cache
def prepare(unknown_songs: str, dialect: Dialect, in_full: bool) -> Prepared:
    """The SQL of a chunk: `in_full` for an empty star, which is built from all of staging."""
    chunk = Chunk(unknown_songs, in_full)
    return Prepared(tuple(transform.statements(chunk, dialect)), tuple(checks(chunk, dialect)))


def clear(engine: Engine) -> None:
    """Empty the star."""
    for statement in transform.clear(engine.dialect):
        engine.execute(statement.sql)
