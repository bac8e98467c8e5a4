"""The questions in sql/questions/, and their answers.

A question is a file: a header that says what is asked, why it matters and how the answer is drawn, and one SELECT. Its
chart is a kind, and columns of the answer by their place in it: `line, x day, y plays, color level`.
"""

from __future__ import annotations

import datetime
import decimal
import difflib
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, cast, get_args

from sparkify.engines.base import Engine, Row
from sparkify.errors import UsageError
from sparkify.sql import definitions, render
from sparkify.sql.dialect import Dialect
from sparkify.text import printable

Kind = Literal["figures", "line", "column", "bar", "heatmap"]
"""figures: one row of named values; line and column: over time; bar: by category; heatmap: over two axes."""

OVER_TIME: tuple[Kind, ...] = ("line", "column")


class Chart(NamedTuple):
    """How an answer is drawn. Over time each `y` has a chart of its own; several `y` of a bar together name it."""

    kind: Kind
    x: str = ""
    y: tuple[str, ...] = ()
    color: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs."""
        return tuple(name for name in (self.x, *self.y, self.color) if name)

    @property
    def measures(self) -> tuple[str, ...]:
        """The columns whose numbers it draws."""
        if self.kind == "figures":
            return ()
        return {"bar": (self.x,), "heatmap": (self.color,)}.get(self.kind, self.y)


@dataclass(frozen=True)
class Question:
    """One question: its name is that of its file."""

    name: str
    title: str
    why: str
    chart: Chart
    order: int


@dataclass(frozen=True)
class Answered:
    """A question with the SQL that was run, and what came back."""

    question: Question
    sql: str
    columns: tuple[str, ...]
    rows: list[Row]

    def column(self, name: str) -> list[object]:
        """The values of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


def chart_of(text: str) -> Chart:
    """A chart from its line in a header.

    Raises:
        ValueError: it has no such kind or no such place for a column.
    """
    kind, *places = (part.strip() for part in text.split(","))
    if kind not in get_args(Kind):
        raise ValueError(f"unknown kind of chart: {kind}; known are {', '.join(get_args(Kind))}")
    named: dict[str, list[str]] = {"x": [], "y": [], "color": []}
    for place in places:
        role, _, column = place.partition(" ")
        if role not in named or not column:
            raise ValueError(f"in a chart a column has a place, x, y or color; not so: {place}")
        named[role].append(column.strip())
    first = {role: (columns or [""])[0] for role, columns in named.items()}
    return Chart(cast(Kind, kind), first["x"], tuple(named["y"]), first["color"])


@cache
def questions() -> tuple[Question, ...]:
    """All questions, in the order in which they are told."""
    found = []
    for name in definitions.names_in("questions"):
        header = definitions.header(f"questions/{name}")
        found.append(Question(name, header["title"], header["why"], chart_of(header["chart"]), int(header["order"])))
    return tuple(sorted(found, key=lambda question: (question.order, question.name)))


def find_question(name: str) -> Question:
    """The question of that name.

    Raises:
        UsageError: there is none.
    """
    known = {question.name: question for question in questions()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"no question has the name {name}", hint=f"{hint}See them with: sparkify analyze --list")
    return known[name]


@cache
def question_sql(question: Question, dialect: Dialect) -> str:
    """A question's SELECT in an engine's SQL."""
    return render.render(render.select(f"questions/{question.name}"), dialect)


def ask(engine: Engine, question: Question) -> Answered:
    """Run a question's SELECT."""
    sql = question_sql(question, engine.dialect)
    result = engine.query(sql)
    return Answered(question, sql, result.columns, [tuple(map(_plain, row)) for row in result.rows])


def _plain(value: object) -> object:
    """What an engine returns as a decimal is a number here, for engines differ in where they do."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def shown(column: str, value: object) -> str:
    """A value as people read it: thousands apart, a share in percent, two digits of a fraction, nothing unprintable."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _percent(value) if is_share(column) else f"{value:,.2f}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    return printable(str(value))


def _percent(share: float) -> str:
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def is_share(column: str) -> bool:
    """Whether a column holds shares of one: its name says so."""
    return column == "share" or column.endswith("_share")


def label(column: str) -> str:
    """A column's name as people read it."""
    return column.replace("_", " ")
