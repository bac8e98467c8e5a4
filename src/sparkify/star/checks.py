"""Checks: queries that return the bad rows. No rows, no fault.

Keys, references and NOT NULL are derived from the tables' definitions; the others are files in sql/checks/.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from sqlglot import exp

from sparkify.engines.base import Engine, Row
from sparkify.sql import definitions, render
from sparkify.sql.definitions import Table
from sparkify.sql.dialect import Dialect, Guarantee
from sparkify.sql.render import columns_of, parse, quoted
from sparkify.star.transform import AFFECTED_PLAYS, PLAYS, Chunk, keys_in_scope, plays_query, scope

SHOWN_ROWS = 10
MOST_KEYS = 10_000
"""How many bad rows of a check are told from each other; more are counted for each chunk."""


@dataclass(frozen=True)
class Check:
    """A query that returns the bad rows; `is_blocking` ones undo the transaction.

    `key` names the columns that tell one bad row from another; without it there is one at the most.
    """

    name: str
    about: str
    is_blocking: bool
    sql: str
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckFinding:
    """Bad rows that a check found: how many, the first of them, and the keys of the first `MOST_KEYS`."""

    check: Check
    count: int
    columns: tuple[str, ...]
    rows: list[Row]
    keys: frozenset[tuple[object, ...]]

    @property
    def text(self) -> str:
        """The first bad rows, a line each."""
        lines = (
            ", ".join(f"{name}={value!r}" for name, value in zip(self.columns, row, strict=True)) for row in self.rows
        )
        return "\n".join(f"  {line}" for line in lines)


@cache
def checks(chunk: Chunk, dialect: Dialect, *, loading: bool = True) -> tuple[Check, ...]:
    """All checks, over what the chunk touched. Outside a load (`loading` false) they look at everything.

    During a load what the engine guarantees needs no check.
    """
    guaranteed = dialect.capabilities.guarantees if loading else frozenset()
    derived = () if guaranteed >= _DERIVED else _derived(chunk)
    found = [
        Check(name, about, blocking, render.render(query, dialect, chunk.literals), _key(name))
        for name, about, blocking, query in (*derived, *_from_files(chunk, loading))
    ]
    return tuple(sorted(found, key=lambda check: not check.is_blocking))


def run_check(engine: Engine, check: Check, first_new: int = 0) -> CheckFinding | None:
    """What a check found, or nothing; in files from `first_new` on where it looks at what is new."""
    sql = render.bind(check.sql, {"first_new": first_new, "now": int(time.time() * 1000)})
    result = engine.query(f"SELECT * FROM (\n{sql}\n) AS bad LIMIT {SHOWN_ROWS}")
    if not result.rows:
        return None
    count = len(result.rows)
    columns = [column.lower() for column in result.columns]  # Redshift gives back names in lower case
    places = [columns.index(name.lower()) for name in check.key]
    keys = {tuple(row[place] for place in places) for row in result.rows}
    if count == SHOWN_ROWS:
        count = engine.execute(f"SELECT COUNT(*) FROM (\n{sql}\n) AS bad")[0][0]
        if check.key:
            names = ", ".join(quoted(name) for name in check.key)
            keys = set(map(tuple, engine.execute(f"SELECT {names} FROM (\n{sql}\n) AS bad LIMIT {MOST_KEYS}")))
    return CheckFinding(check, count, result.columns, result.rows, frozenset(keys))


def _key(name: str) -> tuple[str, ...]:
    """The key of a check from a file; those that are derived block, and need none."""
    if name not in definitions.names_in("checks"):
        return ()
    return tuple(filter(None, definitions.header(f"checks/{name}").get("key", "").split(", ")))


_DERIVED: frozenset[Guarantee] = frozenset({"key", "reference", "not_null"})
_Named = tuple[str, str, bool, exp.Query]


def _derived(chunk: Chunk) -> Iterator[_Named]:
    for name in definitions.STAR:
        definition = definitions.table(name)
        yield _unique(definition, chunk)
        yield _not_null(definition)
        for reference in definition.references:
            yield _resolved(definition, reference, chunk)


def _unique(definition: Table, chunk: Chunk) -> _Named:
    key = columns_of(definition.key)
    keys = keys_in_scope(chunk, definition)
    where = f"WHERE {quoted(definition.key[0])} IN ({keys})" if keys else ""
    query = (
        f"SELECT {key}, COUNT(*) AS copies FROM {quoted(definition.name)} {where} GROUP BY {key} HAVING COUNT(*) > 1"
    )
    return f"{definition.name}_key_unique", f"{key} is unique in {definition.name}", True, parse(query)


def _not_null(definition: Table) -> _Named:
    columns = [quoted(column.name) for column in definition.columns if column.not_null]
    condition = " OR ".join(f"{column} IS NULL" for column in columns)
    query = f"SELECT * FROM {quoted(definition.name)} WHERE {condition}"
    return f"{definition.name}_not_null", f"{', '.join(columns)} are there in {definition.name}", True, parse(query)


def _resolved(definition: Table, reference: definitions.Reference, chunk: Chunk) -> _Named:
    """Rows in scope refer to rows that are there; and no row at all to one that the chunk removed."""
    column = reference.column
    shown = columns_of(tuple(dict.fromkeys((*definition.key, column))), "c.")
    query = (
        f"SELECT {shown} FROM {definition.name} AS c "
        f"WHERE c.{column} IS NOT NULL AND NOT EXISTS "
        f"(SELECT 1 FROM every_{reference.table} AS r WHERE r.{reference.key} = c.{column})"
    )
    if not chunk.in_full:
        query += (
            f" UNION ALL SELECT {shown} FROM every_{definition.name} AS c "
            f"WHERE c.{column} IN (SELECT r.{reference.key} FROM removed_{reference.table} AS r)"
        )
    relations = {**_every(), **_scoped(chunk, definition.name)}
    if reference.table == "time" and "time" in scope(chunk):
        relations["every_time"] = scope(chunk)["time"]  # every start_time in scope is a touched time
    about = f"every {column} of {definition.name} is in {reference.table}"
    return f"{definition.name}_{column}_resolved", about, True, parse(query, relations)


def _every() -> dict[str, exp.Query | str]:
    return {**{f"every_{name}": name for name in definitions.STAR}, "every_songplay": "songplays"}


def _scoped(chunk: Chunk, name: str) -> Mapping[str, exp.Query | str]:
    relations = scope(chunk)
    return {name: relations[name]} if name in relations else {}


def _from_files(chunk: Chunk, loading: bool) -> Iterator[_Named]:
    relations = {**_every(), **scope(chunk), **_staging_relations(chunk, loading)}
    for name in definitions.names_in("checks"):
        about = definitions.header(f"checks/{name}")
        yield name, about["about"], about["severity"] == "blocking", render.select(f"checks/{name}", relations)


def _staging_relations(chunk: Chunk, loading: bool) -> dict[str, exp.Query | str]:
    """What the checks on staging read: in a chunk what is new, else everything."""
    new = "WHERE s.file_id >= :first_new"
    duplicated: exp.Query | str = "duplicated"
    if not loading:
        duplicated = render.select("intermediate/duplicated", {"play_rows": parse(PLAYS)})
    relations: dict[str, exp.Query | str] = {
        "files": parse(f"SELECT s.* FROM etl_files AS s {new}"),
        "events": parse(f"SELECT s.file_id FROM staging_events AS s {new}"),
        "songs_staged": parse(f"SELECT s.file_id FROM staging_songs AS s {new}"),
        "rejects": parse(f"SELECT s.file_id, s.records FROM etl_rejects AS s {new}"),
        "duplicated": duplicated,
        "play_rows": parse(PLAYS if chunk.in_full else AFFECTED_PLAYS),
    }
    if chunk.in_full:
        relations["play_counts"] = parse(
            "SELECT a.plays, b.duplicates FROM "
            f"(SELECT COUNT(*) AS plays FROM ({PLAYS}) AS p) AS a "
            "CROSS JOIN (SELECT COALESCE(SUM(d.copies - 1), 0) AS duplicates FROM duplicated AS d) AS b",
            {"duplicated": duplicated},
        )
        relations["dropped_plays"] = parse("SELECT m.plays FROM etl_matches AS m WHERE NOT m.is_kept")
    else:
        relations["play_counts"] = parse(
            "SELECT COALESCE(SUM(t.rows_after), 0) AS plays, "
            "COALESCE(SUM(CASE WHEN t.rows_after > 1 THEN t.rows_after - 1 ELSE 0 END), 0) AS duplicates "
            "FROM affected_plays AS t"
        )
        relations["dropped_plays"] = render.select("intermediate/dropped", {"plays": plays_query(AFFECTED_PLAYS)})
    return relations
