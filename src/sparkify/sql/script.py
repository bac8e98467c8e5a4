"""Scripts in sql/transform/: the statements of a step in their order, each with a header that says what it is for.

A statement reads from tables, from models (`model.played` is the SELECT of that file, put in its place) and from
relations: names that stand for a table or a model, as the head of the script says, or the statement itself after
`with`. `when` names the fact about a chunk on which a statement depends, such as `songs` or `not songs`. `if` names
tables: the statement is run only if one of them has rows; where a fact is named among them and holds, always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from sqlglot import exp

from sparkify.sql import definitions
from sparkify.sql.tree import parsed, put_relations


@dataclass(frozen=True)
class ScriptStep:
    """One statement of a script: parsed, with its models in place and its macros still in it.

    `only_if` are the tables of which one must have rows; none means that it is always run. `asks` says what its rows
    are for, if it returns any.
    """

    about: str
    statement: exp.Expr
    only_if: tuple[str, ...] = ()
    asks: str = ""

    @property
    def temporary(self) -> str:
        """The temporary table that it makes, if it does."""
        return self.statement.this.name if isinstance(self.statement, exp.Create) else ""

    @property
    def fills(self) -> str:
        """The table that it makes or adds rows to, if it does."""
        table = self.statement.find(exp.Table) if isinstance(self.statement, exp.Insert) else None
        return table.name if table else self.temporary


@dataclass
class _Header:
    values: dict[str, str] = field(default_factory=dict)
    relations: dict[str, dict[str, str]] = field(default_factory=dict)


_STATEMENT = re.compile(r"/\*(.*?)\*/\s*(.*?);\s*(?=/\*|\Z)", re.DOTALL)
_FILE = re.compile(r"/\*(.*?)\*/\n\n(?=/\*)", re.DOTALL)


def read_script(name: str, facts: Set[str]) -> Iterator[ScriptStep]:
    """The steps of a script that are to be run, where these facts hold."""
    head, steps = _read(name)
    relations: dict[str, str] = {}
    for condition, found in head.relations.items():
        if condition == "relations" or _holds(condition.removeprefix("when "), facts):
            relations |= found
    for header, sql in steps:
        when = header.values.get("when", "")
        if when and not _holds(when, facts):
            continue
        only_if = header.values.get("if", "")
        tables = tuple(only_if.split(" or ")) if only_if else ()
        if not facts.isdisjoint(tables):
            tables = ()
        statement = put_relations(parsed(sql), {**relations, **header.relations.get("with", {})})
        yield ScriptStep(
            header.values["about"],
            _with_columns(statement),
            tuple(table for table in tables if table not in FACTS),
            header.values.get("asks", ""),
        )


FACTS = frozenset({"songs", "removes", "repair", "whole_days", "references", "short_texts"})
"""What may hold of a chunk: records of songs come or go, files go, names are repaired, its days are read as a whole.

`references` holds where the engine refuses a reference to a row that is not there. Such rows are updated in place;
elsewhere they are removed and added, which costs DuckDB a tenth of it. `short_texts` holds where the engine's
expressions make no text longer than one that the contract allows.
"""


def _holds(condition: str, facts: Set[str]) -> bool:
    name = condition.removeprefix("not ")
    if name not in FACTS:
        raise ValueError(f"a script knows no {name}")
    return (name in facts) != condition.startswith("not ")


@cache
def _read(name: str) -> tuple[_Header, list[tuple[_Header, str]]]:
    text = files("sparkify").joinpath("sql", "transform", f"{name}.sql").read_text(encoding="utf-8")
    head = _FILE.match(text)
    if head is None:
        raise ValueError(f"no header: {name}")
    steps = [(_header(match[1]), match[2]) for match in _STATEMENT.finditer(text, head.end())]
    return _header(head[1]), steps


def _header(text: str) -> _Header:
    """`name: value` lines; one that ends in a colon begins a list of relations, which are indented."""
    header = _Header()
    key = ""
    for line in text.strip().splitlines():
        if not line.startswith("  "):
            key, _, value = line.partition(":")
            if value.strip():
                header.values[key] = value.strip()
            else:
                header.relations[key] = {}
        elif key in header.relations:
            relation, target = line.split()
            header.relations[key][relation] = target
        else:
            header.values[key] += " " + line.strip()
    return header


def _with_columns(statement: exp.Expr) -> exp.Expr:
    """Name the columns where rows are added to a table of the warehouse: they may stand in another order there."""
    if isinstance(statement, exp.Insert) and (name := statement.this.name) in _FILLED:
        columns = [exp.to_identifier(column, quoted=not column.islower()) for column in _columns(name)]
        statement.set("this", exp.Schema(this=statement.this, expressions=columns))
    return statement


_FILLED = frozenset({*definitions.STAR, "etl_matches"})


def _columns(name: str) -> tuple[str, ...]:
    return definitions.table(name).column_names
