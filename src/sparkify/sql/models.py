"""Read the models in sql/, and render them for an engine.

A model is a file: a header that says what the table is, and one SELECT. The SELECT reads from tables and from relations
that the caller names: the same SELECT serves a full load and an incremental one, which differ in where they read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import sqlglot
from sqlglot import exp

from sparkify.contract import EVENTS, FILE_ID, RECORD_TYPES, SONGS, Field, RecordType
from sparkify.sql.dialect import Dialect

SOURCE_DIALECT = "duckdb"
"""The models are written in DuckDB's SQL, in the part of it that all engines have."""

STAR = ("artists", "songs", "users", "users_history", "time", "songplays")
"""The star's tables, each after those that it refers to."""

BOOKS = ("etl_settings", "etl_runs", "etl_files", "etl_rejects", "etl_matches")
"""The tables that Sparkify keeps beside them."""


class Column(NamedTuple):
    """One column of a table; `type` by its name in the models."""

    name: str
    type: str
    not_null: bool
    about: str


class Reference(NamedTuple):
    """A column whose values are keys of another table."""

    column: str
    table: str
    key: str


@dataclass(frozen=True)
class Table:
    """A table of the warehouse."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    sort: str = ""
    references: tuple[Reference, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def has_primary_key(self) -> bool:
        """Whether the key can be declared as one: no column of it may be NULL."""
        required = {column.name for column in self.columns if column.not_null}
        return bool(self.key) and required.issuperset(self.key)


class Header(NamedTuple):
    """The comment at the head of a .sql file: words before a colon, and the columns."""

    values: dict[str, str]
    columns: tuple[Column, ...]


Relations = Mapping[str, "exp.Query | str"]
"""What the names in a model stand for: a query to read from, or another table's name."""


@cache
def _read(path: str) -> tuple[Header, str]:
    text = files("sparkify").joinpath("sql", path + ".sql").read_text(encoding="utf-8")
    head, _, body = text.removeprefix("/*").partition("*/")
    values: dict[str, str] = {}
    columns = []
    key = ""
    for line in head.strip("\n").splitlines():
        if key == "columns" and line.startswith("  "):
            columns.append(_column(line))
        elif line.startswith("  "):
            values[key] += " " + line.strip()
        else:
            key, _, value = line.partition(":")
            values[key] = value.strip()
    return Header(values, tuple(columns)), body.strip()


def _column(line: str) -> Column:
    name, kind, rest = line.strip().split(maxsplit=2)
    not_null = rest.startswith("not null")
    return Column(name, kind, not_null, rest.removeprefix("not null").strip())


def header(path: str) -> dict[str, str]:
    """The header of a file in sql/, such as `checks/level_known`."""
    return _read(path)[0].values


def names_in(folder: str) -> list[str]:
    """The names of the .sql files in a folder of sql/, in order."""
    entries = files("sparkify").joinpath("sql", folder).iterdir()
    return sorted(entry.name.removesuffix(".sql") for entry in entries if entry.name.endswith(".sql"))


@cache
def table(name: str) -> Table:
    """The definition of a table: staging from the contract, all others from their files."""
    for record_type in RECORD_TYPES.values():
        if name == record_type.table:
            return _staging_table(record_type)
    found = _read(f"{'star' if name in STAR else 'books'}/{name}")[0]
    values = found.values
    references = [_reference(text) for text in values.get("references", "").split(",") if text]
    return Table(
        name=name,
        about=values["about"],
        columns=found.columns,
        key=tuple(values["key"].split(", ")),
        sort=values.get("sort", ""),
        references=tuple(references),
    )


def _reference(text: str) -> Reference:
    column, target = text.split("->")
    other, key = target.strip().split(".")
    return Reference(column.strip(), other, key)


def _staging_table(record_type: RecordType) -> Table:
    columns = [Column(field.name, field.type.value, field.required, field.about) for field in record_type.fields]
    columns.append(Column(FILE_ID, "BIGINT", True, "the file that the record lies in"))
    return Table(record_type.table, f"every accepted record of the {record_type.kind}", tuple(columns))


def all_tables() -> tuple[Table, ...]:
    """Every table of the warehouse, each after those that it refers to."""
    staging = tuple(record_type.table for record_type in RECORD_TYPES.values())
    return tuple(table(name) for name in (*BOOKS, *staging, *STAR))


def quoted(name: str) -> str:
    """An identifier as SQL; quoted where case matters or the word is reserved."""
    return name if name.islower() and name != "time" else f'"{name}"'


def columns_of(names: tuple[str, ...], prefix: str = "") -> str:
    """A list of columns as SQL."""
    return ", ".join(prefix + quoted(name) for name in names)


def select(path: str, relations: Relations | None = None) -> exp.Query:
    """The SELECT of a model, with its relations put in place. Macros are still in it."""
    query = _parse(_read(path)[1]).copy()
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


_LEFT = re.compile(r":(first_new|now)\b")


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


def _says(column: str, value: str) -> str:
    """A condition, in the models' SQL, that a text is this value; spaces at its end do not count."""
    return f"({column} = '{value}' OR ({column} LIKE '{value} %' AND RTRIM({column}, ' ') = '{value}'))"


_MACROS: Mapping[str, str] = {
    "SUSPECT": "({0} LIKE '%Ã%' OR {0} LIKE '%Â%')",
    # Next to no text begins or ends with a space: to look is cheaper than to trim.
    "FILLED": "CASE WHEN {0} <> '' AND ({0} NOT LIKE ' %' OR RTRIM({0}, ' ') <> '') THEN {0} END",
    "TRIMMED": "CASE WHEN {0} LIKE '% ' THEN RTRIM({0}, ' ') ELSE {0} END",
    "IS_PLAY": _says("{0}.page", "NextSong"),
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


def create_table(definition: Table, dialect: Dialect) -> str:
    """The CREATE TABLE statement of a table."""
    lines = [
        f"{quoted(column.name)} {dialect.type(column.type)}{' NOT NULL' if column.not_null else ''}"
        for column in definition.columns
    ]
    layout = ""
    if dialect.capabilities.declares_keys:
        lines += _declared_keys(definition)
        layout = f"\nDISTSTYLE AUTO SORTKEY ({quoted(definition.sort)})" if definition.sort else "\nDISTSTYLE AUTO"
    return f"CREATE TABLE {quoted(definition.name)} (\n  " + ",\n  ".join(lines) + "\n)" + layout


def _declared_keys(definition: Table) -> list[str]:
    keys = [f"PRIMARY KEY ({columns_of(definition.key)})"] if definition.has_primary_key else []
    return keys + [
        f"FOREIGN KEY ({reference.column}) REFERENCES {quoted(reference.table)} ({reference.key})"
        for reference in definition.references
    ]


def add_keys(definition: Table) -> list[str]:
    """The statements that declare a table's keys and references, with an index for each reference.

    References are held at the end of a transaction: within it rows go and come back, and facts come before dimensions.
    """
    name = quoted(definition.name)
    statements = []
    if definition.has_primary_key:
        key = columns_of(definition.key)
        statements.append(f"ALTER TABLE {name} ADD CONSTRAINT {_key_name(definition)} PRIMARY KEY ({key})")
    for reference in definition.references:
        statements += [
            f"ALTER TABLE {name} ADD CONSTRAINT {_reference_name(definition, reference)} "
            f"FOREIGN KEY ({reference.column}) REFERENCES {quoted(reference.table)} ({reference.key}) "
            "DEFERRABLE INITIALLY DEFERRED",
            f"CREATE INDEX {_index_name(definition, reference)} ON {name} ({reference.column})",
        ]
    return statements


def drop_keys(definition: Table) -> list[str]:
    """The statements that undo `add_keys`, where there is something to undo; referring tables come first."""
    name = quoted(definition.name)
    statements = []
    for reference in definition.references:
        statements += [
            f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {_reference_name(definition, reference)}",
            f"DROP INDEX IF EXISTS {_index_name(definition, reference)}",
        ]
    return [*statements, f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {_key_name(definition)}"]


def _key_name(definition: Table) -> str:
    return f"{definition.name}_pkey"


def _reference_name(definition: Table, reference: Reference) -> str:
    return f"{definition.name}_{reference.column}_fkey"


def _index_name(definition: Table, reference: Reference) -> str:
    return f"{definition.name}_{reference.column}_idx"


def broken_contract(record_type: RecordType) -> str:
    """A condition, in the models' SQL, that holds for the rows of staging that break the contract.

    Bulk loading has already made sure of the types and of all that one value shows by itself.
    """
    faults = [_fault(field) for field in record_type.fields]
    if record_type.required_if:
        name, value, required = record_type.required_if
        fields = [field for field in record_type.fields if field.name in required]
        absent = " OR ".join(_absent(field) for field in fields)
        faults.append(f"({_says(quoted(name), value)} AND ({absent}))")
    return " OR ".join(fault for fault in faults if fault)


def _fault(field: Field) -> str:
    faults = [_absent(field)] if field.required else []
    if field.least is not None:
        faults.append(f"{quoted(field.name)} < {field.least}")
    if field.most is not None:
        faults.append(f"{quoted(field.name)} > {field.most}")
    return " OR ".join(faults)


def _absent(field: Field) -> str:
    name = quoted(field.name)
    return f"{name} IS NULL OR RTRIM({name}, ' ') = ''" if field.type == "VARCHAR" else f"{name} IS NULL"
