"""The SQL of a chunk, written before it is needed, and run in the chunk's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sparkify import transform
from sparkify.checks import Check, Finding, checks, run_check
from sparkify.engines.base import Engine
from sparkify.engines.dialects import Dialect
from sparkify.errors import CheckFailed
from sparkify.transform import Chunk, Statement


@dataclass(frozen=True)
class Prepared:
    """The statements and the checks of a chunk, in an engine's SQL."""

    statements: list[Statement]
    checks: list[Check]

    @classmethod
    def chunk(cls, unknown_songs: str, dialect: Dialect, first_new: int) -> Prepared:
        """For files from `first_new` on; the first ones of all fill an empty star."""
        return cls._of(Chunk(unknown_songs, first_new, in_full=first_new == 1), dialect)

    @classmethod
    def rebuild(cls, unknown_songs: str, dialect: Dialect) -> Prepared:
        """For a star that is built anew from staging."""
        return cls._of(Chunk(unknown_songs, in_full=True), dialect)

    @classmethod
    def _of(cls, chunk: Chunk, dialect: Dialect) -> Prepared:
        return cls(transform.statements(chunk, dialect), checks(chunk, dialect))

    def transform(self, engine: Engine) -> None:
        """Bring the star up to staging."""
        for statement in self.statements:
            engine.execute(statement.sql)

    def check(self, engine: Engine) -> Iterator[Finding]:
        """What the checks that warn have found.

        Raises:
            CheckFailed: a blocking check found bad rows.
        """
        for check in self.checks:
            finding = run_check(engine, check)
            if finding and check.is_blocking:
                raise CheckFailed(
                    f"check {check.name} failed ({check.about}): {finding.count:,} bad rows",
                    hint=f"{finding.text}\nThe transaction was undone. If you did not change the tables by hand, "
                    "this is a fault in Sparkify: please report it. sparkify etl --full-refresh builds the star anew.",
                )
            if finding:
                yield finding


def clear(engine: Engine) -> None:
    """Empty the star."""
    for statement in transform.clear():
        engine.execute(statement.sql)


def drop_temporary(engine: Engine) -> None:
    """Drop the temporary tables of a chunk."""
    for name in (*transform.TEMPORARY, "gone_files"):
        engine.execute(f"DROP TABLE IF EXISTS {name}")
