"""Render the models in sql/ for an engine.

A model is a file: a header that says what the table is, and one SELECT. The SELECT reads from tables and from relations
that the caller names: the same SELECT serves a full load and an incremental one, which differ in where they read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sqlglot import exp

from sparkify.contract import EVENTS, SONGS, Field, RecordType
from sparkify.sql.dialect import Dialect
from sparkify.sql.reserved import RESERVED
from sparkify.sql.tree import SOURCE_DIALECT, Relations, parsed, put_relations, read_query


def quoted(name: str) -> str:
    """An identifier as SQL; quoted where case matters or where an engine reserves the word."""
    return name if _PLAIN_NAME.fullmatch(name) and name not in RESERVED and name != "time" else f'"{name}"'


_PLAIN_NAME = re.compile("[a-z_][a-z0-9_]*")


def columns_of(names: tuple[str, ...], prefix: str = "") -> str:
    """A list of columns as SQL."""
    return ", ".join(prefix + quoted(name) for name in names)


def select(path: str, relations: Relations | None = None) -> exp.Query:
    """The SELECT of a model, with its relations put in place. Macros are still in it."""
    return put_relations(read_query(path), relations or {})


def render(query: exp.Expr, dialect: Dialect, literals: Mapping[str, str | int] | None = None) -> str:
    """A statement as text in an engine's SQL: macros expanded, each `:name` with a literal replaced."""
    expanded = expand(query.copy(), dialect).transform(_fill, literals or {}, copy=False)
    return expanded.sql(dialect=dialect.name, pretty=True, comments=False, copy=False)


def expand(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """A statement with what its macros mean in an engine's SQL in their place; changes what it is given."""
    _expand_lists(tree)
    return tree.transform(_expand_macro, dialect, copy=False)


def _fill(node: exp.Expr, literals: Mapping[str, str | int]) -> exp.Expr:
    if isinstance(node, exp.Placeholder):
        value = literals.get(node.name)
        return exp.var(f":{node.name}") if value is None else exp.convert(value)
    return node


DAY = 86_400_000
"""Milliseconds of a day."""

MOST_RANGES = 40
"""How many ranges of days a condition on the span has at most; beyond that, days close together become one range."""


def bind(sql: str, numbers: Mapping[str, int], days: Iterable[int] | None = None) -> str:
    """Rendered SQL with what was left open in it: numbers in the place of `:names`, and the span.

    `days`, by their first millisecond, are what `IN_SPAN(ts)` and `IN_SPAN_TIME(start_time)` are about. They stay open
    if it is None.
    """
    sql = _LEFT.sub(lambda match: str(int(numbers[match[1]])), sql)
    if days is None or "IN_SPAN" not in sql:
        return sql
    ranges = ranges_of(days)
    return _SPAN.sub(lambda match: _in_span(match[2], ranges, _timestamp if match[1] else str), sql)


def ranges_of(days: Iterable[int]) -> list[tuple[int, int]]:
    """Days as ranges of milliseconds, both ends included; at most `MOST_RANGES`."""
    ranges: list[tuple[int, int]] = []
    for day in sorted(days):
        if ranges and ranges[-1][1] + 1 == day:
            ranges[-1] = (ranges[-1][0], day + DAY - 1)
        else:
            ranges.append((day, day + DAY - 1))
    if len(ranges) <= MOST_RANGES:
        return ranges
    gaps = sorted(range(1, len(ranges)), key=lambda place: ranges[place - 1][1] - ranges[place][0])
    cuts = [0, *sorted(gaps[: MOST_RANGES - 1]), len(ranges)]
    return [(ranges[start][0], ranges[end - 1][1]) for start, end in pairwise(cuts)]


_LEFT = re.compile(r":(first_new|now|shift)\b")
_SPAN = re.compile(r"\bIN_SPAN(_TIME)?\(([\w.\"]+)\)")


def _in_span(column: str, ranges: Sequence[tuple[int, int]], literal: Callable[[int], str]) -> str:
    found = [f"{column} BETWEEN {literal(first)} AND {literal(last)}" for first, last in ranges]
    return f"({' OR '.join(found)})" if found else "1 = 0"


def _timestamp(millis: int) -> str:
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=millis)
    return f"TIMESTAMP '{moment.isoformat(' ', 'milliseconds')}'"


def _expand_lists(query: exp.Expr) -> None:
    """Expand the names that stand for lists: of columns in a SELECT, of keys in an ORDER BY."""
    for chosen in query.find_all(exp.Select):
        if any(isinstance(column, exp.Anonymous) and column.name == "EVENT_COLUMNS" for column in chosen.expressions):
            alias = chosen.expressions[0].expressions[0].name
            chosen.set("expressions", [_told_apart(field, alias) for field in EVENTS.fields])
    for order in query.find_all(exp.Order):
        keys: list[exp.Expr] = []
        for key in order.expressions:
            call = key.this
            orders = _ORDERS.get(call.name.upper()) if isinstance(call, exp.Anonymous) else None
            keys += orders(call.expressions[0].name) if orders else [key]
        order.set("expressions", keys)


def _told_apart(field: Field, alias: str) -> exp.Expr:
    """A column of which it matters only whether two of its values are the same."""
    column = exp.column(field.name, table=alias, quoted=not field.name.islower())
    if field.type != "VARCHAR":
        return column
    return exp.alias_(exp.Anonymous(this="KEY_OF", expressions=[column]), field.name, quoted=not field.name.islower())


def _order(record_type: RecordType, alias: str, last: bool) -> list[exp.Expr]:
    keys = []
    for field in record_type.order:
        column = f"{alias}.{quoted(field.name)}"
        key = f"BYTEWISE({column})" if field.type == "VARCHAR" else column
        keys.append(f"{key} {'DESC NULLS FIRST' if last else 'ASC NULLS LAST'}")
    ordered = parsed(f"SELECT 1 ORDER BY {', '.join(keys)}").copy()
    return list(ordered.args["order"].expressions)


_ORDERS: Mapping[str, Callable[[str], list[exp.Expr]]] = {
    "FIRST_EVENT": lambda alias: _order(EVENTS, alias, last=False),
    "LAST_EVENT": lambda alias: _order(EVENTS, alias, last=True),
    "FIRST_SONG": lambda alias: _order(SONGS, alias, last=False),
}


def says(column: str, value: str) -> str:
    """A condition, in the models' SQL, that a text is this value; spaces at its end do not count."""
    return f"({column} = '{value}' OR ({column} LIKE '{value} %' AND RTRIM({column}, ' ') = '{value}'))"


_SAME_LENGTH = "COALESCE({0}.length, 0) = COALESCE({1}.length, 0) AND ({0}.length IS NULL) = ({1}.length IS NULL)"
"""A length may be NULL, and 0 is not NULL."""

_MACROS: Mapping[str, str] = {
    "SUSPECT": "({0} LIKE '%Ã%' OR {0} LIKE '%Â%')",
    # Next to no text begins or ends with a space: to look is cheaper than to trim.
    "FILLED": "CASE WHEN {0} <> '' AND ({0} NOT LIKE ' %' OR RTRIM({0}, ' ') <> '') THEN {0} END",
    "TRIMMED": "CASE WHEN {0} LIKE '% ' THEN RTRIM({0}, ' ') ELSE {0} END",
    "IS_PLAY": says("{0}.page", "NextSong"),
    "SONGPLAY_ID": (
        """CAST({0}.ts AS VARCHAR) || '-' || CAST({0}."userId" AS VARCHAR) || '-' || CAST({0}."sessionId" AS VARCHAR)"""
        """ || '-' || CAST({0}."itemInSession" AS VARCHAR)"""
    ),
    "SAME_PLAY": (
        """({0}.ts = {1}.ts AND {0}."userId" = {1}."userId" AND {0}."sessionId" = {1}."sessionId" """
        """AND {0}."itemInSession" = {1}."itemInSession")"""
    ),
    # The key of what is played: (artist, song, length).
    "SAME_SONG": "({0}.artist = {1}.artist AND {0}.song = {1}.song AND " + _SAME_LENGTH + ")",
    # For a play as it stands in staging.
    "PLAYS_SONG": "({0}.artist = TRIMMED({1}.artist) AND {0}.song = TRIMMED({1}.song) AND " + _SAME_LENGTH + ")",
    # -0.0 equals 0.0, so that either may come out of a group: the star holds 0.0.
    "UNSIGNED_ZERO": "CASE WHEN {0} = 0 THEN CAST(0 AS DOUBLE) ELSE {0} END",
    # PostgreSQL refuses a result that underflows to 0, and one that overflows.
    "HALF": "CASE WHEN ABS({0}) < CAST('1e-300' AS DOUBLE) THEN CAST(0 AS DOUBLE) ELSE {0} / 2 END",
    "ARE_MODERATE": "(ABS({0}) < CAST('1e300' AS DOUBLE) AND ABS({1}) < CAST('1e300' AS DOUBLE))",
    # The distance of two doubles may be too large for a double: half of it never is.
    "HALF_DISTANCE": "CASE WHEN ARE_MODERATE({0}, {1}) THEN HALF(ABS({0} - {1})) ELSE ABS(HALF({0}) - HALF({1})) END",
    # Distances that HALF_DISTANCE takes for 0, to tell them apart.
    "TINY_DISTANCE": (
        "CASE WHEN ARE_MODERATE({0}, {1}) THEN CASE WHEN ABS({0} - {1}) < CAST('1e-300' AS DOUBLE) "
        "THEN ABS({0} - {1}) ELSE CAST(0 AS DOUBLE) END ELSE CAST(0 AS DOUBLE) END"
    ),
}


_SHARED = frozenset({"DATE_PART", "IN_SPAN", "IN_SPAN_TIME"})
"""Functions that all engines have by this name and sqlglot does not know; and those that `bind` replaces."""


def _operand(argument: exp.Expr, dialect: str) -> str:
    text = argument.sql(dialect)
    return f"({text})" if isinstance(argument, exp.Binary) else text


class UnknownMacro(Exception):
    """A model calls a function that neither the macros nor the engine's dialect have."""


def _expand_macro(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    """A macro with its meaning in its place; names that the engines share are no `Anonymous`."""
    if not isinstance(node, exp.Anonymous):
        return node
    name = node.name.upper()
    if name in _SHARED:
        return node
    if name in _MACROS:
        text = _MACROS[name].format(*(_operand(argument, SOURCE_DIALECT) for argument in node.expressions))
        return parsed(text).copy().transform(_expand_macro, dialect, copy=False)
    if name in dialect.functions:
        arguments = (argument.copy().transform(_expand_macro, dialect, copy=False) for argument in node.expressions)
        text = dialect.functions[name].format(*(_operand(argument, dialect.name) for argument in arguments))
        return parsed(text, dialect.name).copy()
    raise UnknownMacro(f"{dialect.name} has no {name}: it is no macro of sql/render.py and no function of the dialect")
