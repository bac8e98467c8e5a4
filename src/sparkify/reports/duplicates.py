"""How many plays are duplicates, with an example: plays that share user, session, item and time are one play."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sparkify.engines.base import Engine
from sparkify.sql import render
from sparkify.sql.dialect import Dialect
from sparkify.sql.tree import put_relations, read_query


class Duplicates(NamedTuple):
    """Plays in staging beside the one of their identity that is in songplays; and one play that has such, by its id."""

    plays: int
    example: str

    def __str__(self) -> str:
        """In a sentence, for people."""
        if not self.plays:
            return "no play is a duplicate"
        what = "1 play is a duplicate" if self.plays == 1 else f"{self.plays:,} plays are duplicates"
        return f"{what} of one in songplays, such as those of {self.example}"


def find_duplicates(engine: Engine) -> Duplicates:
    """The duplicates in a warehouse that has its tables. All plays in staging are looked at."""
    rows = engine.execute(_query(engine.dialect))
    if not rows:
        return Duplicates(0, "")
    _, *identity, plays = rows[0]
    return Duplicates(int(plays), "-".join(str(part) for part in identity))


@cache
def _query(dialect: Dialect) -> str:
    relations = {"duplicated": "model.duplicated", "play_rows": "model.all_plays"}
    query = put_relations(read_query("intermediate/duplicates"), relations)
    return render.render(query, dialect)
