"""Render the models in sql/ for an engine.

A model is a file: a header that says what the table is, and one SELECT. The SELECT reads from tables and from relations
that the caller names: the same SELECT serves a full load and an incremental one, which differ in where they read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp

from sparkify.contract import EVENTS, SONGS, RecordType
from sparkify.sql.definitions import read_model
from sparkify.sql.dialect import Dialect

SOURCE_DIALECT = "duckdb"
"""The models are written in DuckDB's SQL, in the part of it that all engines have."""


Relations = Mapping[str, "exp.Query | str"]
"""What the names in a model stand for: a query to read from, or another table's name."""


def quoted(name: str) -> str:
    """An identifier as SQL; quoted where case matters or the word is reserved."""
    return name if name.islower() and name != "time" else f'"{name}"'


def columns_of(names: tuple[str, ...], prefix: str = "") -> str:
    """A list of columns as SQL."""
    return ", ".join(prefix + quoted(name) for name in names)


def select(path: str, relations: Relations | None = None) -> exp.Query:
    """The SELECT of a model, with its relations put in place. Macros are still in it."""
    query = _parse(read_model(path)[1]).copy()
    return replace_relations(query, relations or {})


@cache
def _parse(sql: str) -> exp.Query:
    parsed = sqlglot.parse_one(sql, read=SOURCE_DIALECT)
    if not isinstance(parsed, exp.Query):
        raise TypeError(f"not a query: {sql}")
    return parsed


def parse(sql: str, relations: Relations | None = None) -> exp.Query:
    """A query that is not in a file."""
    return replace_relations(_parse(sql).copy(), relations or {})


def replace_relations(query: exp.Query, relations: Relations) -> exp.Query:
    """Put what the relations stand for in the place of their names."""
    for node in list(query.find_all(exp.Table)):
        target = relations.get(node.name)
        if target is None:
            continue
        alias = node.alias_or_name
        if isinstance(target, str):
            node.replace(exp.to_table(target, alias=alias))
        else:
            node.replace(target.copy().subquery(alias))
    return query


def render(query: exp.Query, dialect: Dialect, literals: Mapping[str, str | int] | None = None) -> str:
    """A query as text in an engine's SQL: macros expanded, each `:name` with a literal replaced."""
    query = query.copy()
    _expand_lists(query)
    expanded = query.transform(_expand_macro, dialect).transform(_fill, literals or {})
    return expanded.sql(dialect=dialect.name, pretty=True, comments=False)


def _fill(node: exp.Expr, literals: Mapping[str, str | int]) -> exp.Expr:
    if isinstance(node, exp.Placeholder):
        value = literals.get(node.name)
        return exp.var(f":{node.name}") if value is None else exp.convert(value)
    return node


def bind(sql: str, numbers: Mapping[str, int]) -> str:
    """Rendered SQL with numbers in the place of the `:names` that were left in it."""
    return _LEFT.sub(lambda match: str(int(numbers[match[1]])), sql)


_LEFT = re.compile(r":(first_new|now|shift)\b")


def _expand_lists(query: exp.Query) -> None:
    """Expand the names that stand for lists: of columns in a SELECT, of keys in an ORDER BY."""
    for chosen in query.find_all(exp.Select):
        if any(isinstance(column, exp.Anonymous) and column.name == "EVENT_COLUMNS" for column in chosen.expressions):
            alias = chosen.expressions[0].expressions[0].name
            chosen.set(
                "expressions", [exp.column(name, table=alias, quoted=not name.islower()) for name in EVENTS.names]
            )
    for order in query.find_all(exp.Order):
        keys: list[exp.Expr] = []
        for key in order.expressions:
            call = key.this
            orders = _ORDERS.get(call.name.upper()) if isinstance(call, exp.Anonymous) else None
            keys += orders(call.expressions[0].name) if orders else [key]
        order.set("expressions", keys)


def _order(record_type: RecordType, alias: str, last: bool) -> list[exp.Expr]:
    keys = []
    for field in record_type.order:
        column = f"{alias}.{quoted(field.name)}"
        key = f"BYTEWISE({column})" if field.type == "VARCHAR" else column
        keys.append(f"{key} {'DESC NULLS FIRST' if last else 'ASC NULLS LAST'}")
    ordered = sqlglot.parse_one(f"SELECT 1 ORDER BY {', '.join(keys)}", read=SOURCE_DIALECT)
    return list(ordered.args["order"].expressions)


_ORDERS: Mapping[str, Callable[[str], list[exp.Expr]]] = {
    "FIRST_EVENT": lambda alias: _order(EVENTS, alias, last=False),
    "LAST_EVENT": lambda alias: _order(EVENTS, alias, last=True),
    "FIRST_SONG": lambda alias: _order(SONGS, alias, last=False),
}


def says(column: str, value: str) -> str:
    """A condition, in the models' SQL, that a text is this value; spaces at its end do not count."""
    return f"({column} = '{value}' OR ({column} LIKE '{value} %' AND RTRIM({column}, ' ') = '{value}'))"


_MACROS: Mapping[str, str] = {
    "SUSPECT": "({0} LIKE '%Ã%' OR {0} LIKE '%Â%')",
    # Next to no text begins or ends with a space: to look is cheaper than to trim.
    "FILLED": "CASE WHEN {0} <> '' AND ({0} NOT LIKE ' %' OR RTRIM({0}, ' ') <> '') THEN {0} END",
    "TRIMMED": "CASE WHEN {0} LIKE '% ' THEN RTRIM({0}, ' ') ELSE {0} END",
    "IS_PLAY": says("{0}.page", "NextSong"),
    "SONGPLAY_ID": (
        """CAST({0}."userId" AS VARCHAR) || '-' || CAST({0}."sessionId" AS VARCHAR)"""
        """ || '-' || CAST({0}."itemInSession" AS VARCHAR)"""
    ),
}


def _expand_macro(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    if not isinstance(node, exp.Anonymous):
        return node
    name = node.name.upper()
    argument = node.expressions[0] if node.expressions else None
    if argument is None:
        return node
    if name in _MACROS:
        text = _MACROS[name].format(argument.sql(SOURCE_DIALECT))
        return sqlglot.parse_one(text, read=SOURCE_DIALECT).transform(_expand_macro, dialect)
    if name in dialect.functions:
        return sqlglot.parse_one(dialect.functions[name].format(argument.sql(dialect.name)), read=dialect.name)
    return node
