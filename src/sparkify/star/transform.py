"""From staging to the star: the statements, in order, for a full load and for one more chunk.

They stand in sql/transform/: `full` builds the star from all of staging, `chunk` brings it up to date. Both use the
same models. What differs between chunks is left open in the text, so that it is written once and run for every chunk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sparkify.contract import RECORD_TYPES
from sparkify.sql import definitions, render
from sparkify.sql.dialect import Dialect, Step
from sparkify.sql.script import ScriptStep, read_script
from sparkify.sql.statements import statement
from sparkify.sql.tree import put_relations, read_query


class Statement(NamedTuple):
    """One statement, and what it does in a few words; `temporary` is the temporary table that it makes.

    It is run only if one of the tables `only_if` has rows; if there are none, always. If it `asks` for the span, its
    rows are the days in which staging is read from there on; if for suspects, they are texts that may have been encoded
    more than once, and those that were go with their repair into the table `etl_repairs`; if for `names of TABLE`, they
    are keys of songs in that table, whose id is worked out here, with the artist and the title that it is made of.
    """

    about: str
    sql: str
    temporary: str = ""
    only_if: tuple[str, ...] = ()
    asks: str = ""


@dataclass(frozen=True)
class Chunk:
    """What the statements depend on.

    `in_full` builds the star from all of staging. `songs` says that records of songs come or go, `removes` that files
    go. `whole_days` is for a chunk that adds many events and does nothing else: what is in its days is looked at as a
    whole. To pick the affected rows out of them would cost more than to look at the others too.
    """

    unknown_songs: str
    in_full: bool = False
    repair_text: bool = True
    songs: bool = True
    removes: bool = True
    whole_days: bool = False

    def __post_init__(self) -> None:
        if self.whole_days and (self.in_full or self.songs or self.removes or self.unknown_songs == "drop"):
            raise ValueError("only a chunk that adds events alone, and drops none, is looked at by whole days")

    @property
    def literals(self) -> Mapping[str, str | int]:
        """What stands for the `:names` in the models."""
        return {"unknown_songs": self.unknown_songs}

    @property
    def facts(self) -> frozenset[str]:
        """What holds of it, by the names that scripts use."""
        facts = {
            "songs": self.songs,
            "removes": self.removes,
            "repair": self.repair_text,
            "whole_days": self.whole_days,
        }
        return frozenset(name for name, holds in facts.items() if holds)

    @property
    def script(self) -> str:
        """The script that brings the star up to date with it."""
        return "full" if self.in_full else "chunk"


def statements(chunk: Chunk, dialect: Dialect) -> list[Statement]:
    """The statements that bring the star up to staging; they run in one transaction with the load."""
    star = [definitions.table(name) for name in definitions.STAR]
    before = dialect.before_full_build(star) if chunk.in_full else ()
    after = dialect.after_full_build(star) if chunk.in_full else ()
    of_engine = {"references"} if "reference" in dialect.capabilities.guarantees else set()
    of_engine |= {"short_texts"} if dialect.capabilities.longest_text else set()
    steps = read_script(chunk.script, chunk.facts | of_engine)
    of_staging = (step for record in RECORD_TYPES.values() for step in dialect.statistics(record.table))
    return [
        *_of_engine(of_staging),
        *_of_engine(before),
        *(written for step in steps for written in _written(step, chunk, dialect)),
        *_of_engine(after),
    ]


def _of_engine(steps: Iterable[Step], only_if: tuple[str, ...] = ()) -> Iterator[Statement]:
    """What the engine alone does."""
    return (Statement(step.about, step.sql, only_if=only_if) for step in steps)


def _written(step: ScriptStep, chunk: Chunk, dialect: Dialect) -> Iterator[Statement]:
    """A step in the engine's SQL; its planner hears of each table that was just made or, in a full load, filled."""
    sql = render.render(step.statement, dialect, chunk.literals)
    yield Statement(step.about, sql, step.temporary, step.only_if, step.asks)
    if step.fills and (chunk.in_full or step.temporary or step.fills == _CHECKED_BY_JOINS):
        yield from _of_engine(dialect.statistics(step.fills), step.only_if)


_CHECKED_BY_JOINS = "songplays"
"""The table whose new rows the checks find by joins. A planner that takes it for as small as it was before joins row by
row: 40,000 plays took PostgreSQL a minute."""
_DERIVED = ("etl_matches", "etl_repairs")
"""The tables that are made with the star, and are not of it."""


def clear(dialect: Dialect) -> list[Statement]:
    """The statements that empty the star before it is filled in full; references go before what they refer to."""
    tables = [*reversed(definitions.STAR), *_DERIVED]
    keys = dialect.before_full_build(definitions.table(name) for name in definitions.STAR)
    return list(_of_engine(keys)) + [
        Statement(f"empty {name}", statement("star/empty", dialect, relations={"asked_table": name})) for name in tables
    ]


def repaired_rows(chunk: Chunk, dialect: Dialect) -> str:
    """A query of what was repaired among the rows that a chunk affected, to be run after `statements`; may be empty.

    Its rows hold up to three texts, or NULL in their place, and the number of rows in which they stand together.
    """
    if not chunk.repair_text:
        return ""
    played, songs = ("played", "staging_songs") if chunk.in_full else ("played_now", "model.new_songs_staged")
    relations = {"played_here": played, "suspect_songs": songs}
    return render.render(put_relations(read_query("intermediate/repaired_rows"), relations), dialect)
