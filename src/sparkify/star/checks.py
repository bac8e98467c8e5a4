"""Checks: queries that return the bad rows. No rows, no fault.

Keys, references and NOT NULL are derived from the tables' definitions; the others are files in sql/checks/. A table
that ends in `_affected` is, in a chunk, what the chunk affects of that table, and else all of it. The conditions that
one row alone must meet are asked of a table in one reading, whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import NamedTuple

from sqlglot import exp

from sparkify.contract import RECORD_TYPES
from sparkify.engines.base import Engine, Row
from sparkify.sql import definitions, render
from sparkify.sql.definitions import STAR, Reference, Table
from sparkify.sql.dialect import Dialect
from sparkify.sql.statements import statement
from sparkify.sql.tree import put_relations, read_query
from sparkify.star.transform import Chunk

SHOWN_ROWS = 10
MOST_KEYS = 10_000
"""How many bad rows of a check are told from each other; more are counted for each chunk."""


@dataclass(frozen=True)
class Check:
    """A query that returns the bad rows; `is_blocking` ones undo the transaction.

    It is run only if the table `only_if` has rows, where one is named. `key` names the columns that tell one bad row
    from another; without it there is one at the most.
    """

    name: str
    about: str
    is_blocking: bool
    sql: str
    key: tuple[str, ...] = ()
    only_if: str = ""


class Probe(NamedTuple):
    """A query of one row that counts the bad rows of several checks, in their order."""

    sql: str
    checks: tuple[Check, ...]


class Checks(NamedTuple):
    """The checks of a chunk: `alone` are run one by one, the others by their probes."""

    alone: tuple[Check, ...]
    probes: tuple[Probe, ...]

    @property
    def every(self) -> list[Check]:
        """All of them; blocking ones first."""
        found = [*self.alone, *(check for probe in self.probes for check in probe.checks)]
        return sorted(found, key=lambda check: (not check.is_blocking, check.name))

    def named(self, name: str) -> Checks:
        """One check alone; its rows are looked for at once."""
        return Checks(tuple(check for check in self.every if check.name == name), ())


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


def run_checks(
    engine: Engine, checks: Checks, numbers: Mapping[str, int], days: Iterable[int] = ()
) -> list[CheckFinding]:
    """What the checks find; blocking ones first. `numbers` and `days` are for `render.bind`."""
    days = tuple(days)
    suspected = [check for check in checks.alone if not check.only_if or has_rows(engine, check.only_if)]
    for probe in checks.probes:
        (counts,) = engine.execute(render.bind(probe.sql, numbers, days))
        suspected += [check for check, count in zip(probe.checks, counts, strict=True) if count]
    found = (_run(engine, check, numbers, days) for check in suspected)
    return sorted(filter(None, found), key=lambda finding: not finding.check.is_blocking)


def has_rows(engine: Engine, table: str) -> bool:
    """Whether a table has rows."""
    return bool(engine.execute_named("star/has_rows", relations={"asked_table": table}))


def _run(engine: Engine, check: Check, numbers: Mapping[str, int], days: tuple[int, ...]) -> CheckFinding | None:
    """What a check found, or nothing."""
    sql = render.bind(check.sql, numbers, days)
    result = engine.query(_about("star/first_bad_rows", sql, engine.dialect, SHOWN_ROWS))
    if not result.rows:
        return None
    count = len(result.rows)
    columns = [column.lower() for column in result.columns]  # Redshift gives back names in lower case
    places = [columns.index(name.lower()) for name in check.key]
    keys = {tuple(row[place] for place in places) for row in result.rows}
    if count == SHOWN_ROWS:
        count = engine.execute(_about("star/count_bad_rows", sql, engine.dialect))[0][0]
        if check.key:
            keys = set(engine.execute(_about("star/keys_of_bad_rows", sql, engine.dialect, MOST_KEYS, check.key)))
    return CheckFinding(check, count, result.columns, result.rows, frozenset(keys))


def _about(path: str, sql: str, dialect: Dialect, most: int = 0, key: tuple[str, ...] = ()) -> str:
    """A statement about the rows that a check finds, whose SQL is written already."""
    columns = {"key_columns": key} if key else None
    asked = statement(path, dialect, columns=columns, literals={"most": most} if most else None)
    return asked.replace("found_rows", f"(\n{sql}\n)")


def _key(name: str) -> tuple[str, ...]:
    """The key of a check from a file; those that are derived block, and need none."""
    if name not in definitions.names_in("checks"):
        return ()
    return tuple(filter(None, definitions.header(f"checks/{name}").get("key", "").split(", ")))


class _Unwritten(NamedTuple):
    """A check before it is put into an engine's SQL; `query` has its relations still in it."""

    name: str
    about: str
    is_blocking: bool
    query: exp.Query
    only_if: str = ""


@cache
def written_checks(chunk: Chunk, dialect: Dialect, *, loading: bool = True) -> Checks:
    """All checks, over what the chunk affected. Outside a load (`loading` false) they look at everything.

    During a load what the engine guarantees needs no check.
    """
    relations = _relations(chunk, loading)

    def written(query: exp.Query) -> str:
        return render.render(put_relations(query, relations), dialect, chunk.literals)

    found = [*_derived(chunk, dialect, loading), *_from_files(chunk)]
    checks = [
        (item, Check(item.name, item.about, item.is_blocking, written(item.query), _key(item.name), item.only_if))
        for item in found
    ]
    alone = tuple(check for item, check in checks if not _is_of_row(item))
    of_rows = sorted(((item, check) for item, check in checks if _is_of_row(item)), key=lambda pair: _read(pair[0]))
    probes = []
    for _, group in groupby(of_rows, key=lambda pair: _read(pair[0])):
        pairs = list(group)
        probes.append(Probe(written(_probe([item.query for item, _ in pairs])), tuple(check for _, check in pairs)))
    return Checks(alone, tuple(probes))


def _is_of_row(item: _Unwritten) -> bool:
    """Whether a check is a condition that each row of one table meets by itself."""
    query = item.query
    others = ("joins", "group", "having", "distinct", "with_")
    return (
        isinstance(query, exp.Select)
        and not any(query.args.get(name) for name in others)
        and len(list(query.find_all(exp.Select))) == 1
        and query.args.get("where") is not None
    )


def _read(item: _Unwritten) -> str:
    """What a check of rows reads, and by which name."""
    table = item.query.find(exp.Table)
    return table.sql() if table else ""


def _probe(queries: list[exp.Query]) -> exp.Query:
    """One reading of what several checks of rows read: how many rows are bad, by check."""
    source = queries[0].find(exp.Table)
    conditions = [query.args["where"].this for query in queries]
    counts = [
        exp.alias_(exp.Count(this=exp.Case().when(condition.copy(), exp.Literal.number(1))), f"bad_{place}")
        for place, condition in enumerate(conditions, 1)
    ]
    return exp.select(*counts).from_(source.copy() if source else "")


# Derived from the definitions


def _derived(chunk: Chunk, dialect: Dialect, loading: bool) -> Iterator[_Unwritten]:
    guaranteed = dialect.capabilities.guarantees if loading else frozenset()
    for name in STAR:
        definition = definitions.table(name)
        if "key" not in guaranteed:
            yield _unique(definition)
        if "not_null" not in guaranteed:
            yield _not_null(definition)
        if "reference" not in guaranteed:
            for reference in definition.references:
                yield _resolved(definition, reference)
                if not chunk.in_full and loading:
                    yield _still_resolved(definition, reference)


def _column(name: str, table: str) -> exp.Column:
    return exp.column(name, table=table)


def _affected(definition: Table) -> exp.Table:
    return exp.to_table(f"{definition.name}_affected", alias="c")


def _unique(definition: Table) -> _Unwritten:
    key = [_column(name, "c") for name in definition.key]
    copies = exp.alias_(exp.Count(this=exp.Star()), "copies")
    query = exp.select(*key, copies).from_(_affected(definition)).group_by(*key)
    query = query.having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
    about = f"{', '.join(definition.key)} is unique in {definition.name}"
    return _Unwritten(f"{definition.name}_key_unique", about, True, query)


def _not_null(definition: Table) -> _Unwritten:
    columns = [column.name for column in definition.columns if column.not_null]
    condition = exp.or_(*(_column(name, "c").is_(exp.null()) for name in columns))
    query = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("c"))).from_(_affected(definition))
    about = f"{', '.join(columns)} are there in {definition.name}"
    return _Unwritten(f"{definition.name}_not_null", about, True, query.where(condition))


def _shown(definition: Table, reference: Reference) -> list[exp.Column]:
    return [_column(name, "c") for name in dict.fromkeys((*definition.key, reference.column))]


def _resolved(definition: Table, reference: Reference) -> _Unwritten:
    """Rows that were affected refer to rows that are there."""
    target = exp.to_table(f"{reference.table}_here", alias="r")
    same = _column(reference.key, "r").eq(_column(reference.column, "c"))
    there = exp.Exists(this=exp.select("1").from_(target).where(same))
    is_set = exp.not_(_column(reference.column, "c").is_(exp.null()))
    query = exp.select(*_shown(definition, reference)).from_(_affected(definition)).where(is_set, exp.not_(there))
    about = f"every {reference.column} of {definition.name} is in {reference.table}"
    return _Unwritten(f"{definition.name}_{reference.column}_resolved", about, True, query)


def _still_resolved(definition: Table, reference: Reference) -> _Unwritten:
    """No row at all refers to one that the chunk removed."""
    removed = f"removed_{reference.table}"
    keys = exp.select(_column(reference.key, "r")).from_(exp.to_table(removed, alias="r"))
    source = exp.to_table(f"{definition.name}_here", alias="c")
    query = exp.select(*_shown(definition, reference)).from_(source)
    query = query.where(exp.In(this=_column(reference.column, "c"), query=keys.subquery()))
    about = f"no {reference.column} of {definition.name} was removed from {reference.table}"
    return _Unwritten(f"{definition.name}_{reference.column}_kept", about, True, query, removed)


# From files


def _from_files(chunk: Chunk) -> Iterator[_Unwritten]:
    for name in definitions.names_in("checks"):
        header = definitions.header(f"checks/{name}")
        if header.get("scope") == "whole" and not chunk.in_full:
            continue
        yield _Unwritten(name, header["about"], header["severity"] == "blocking", read_query(f"checks/{name}"))


_AFFECTED = {
    "staging_events": "model.new_events",
    "staging_songs": "model.new_songs_staged",
    "songplays": "model.affected_songplays",
    "users": "model.rows_of_users",
    "users_history": "model.rows_of_users_history",
    "time": "model.rows_of_time",
}
_IN_SPAN = {"songplays": "model.songplays_in_span", "time": "model.time_in_span"}
_AFFECTED_SMALL = {"songs": "model.rows_of_songs", "artists": "model.rows_of_artists"}


def _relations(chunk: Chunk, loading: bool) -> dict[str, str]:
    """What the checks read, by the names that they use."""
    whole = {name: name for name in (*STAR, *(record_type.table for record_type in RECORD_TYPES.values()))}
    here = {f"{name}_here": name for name in STAR}
    if chunk.in_full:
        affected = whole
        of_chunk = {
            "play_rows": "model.all_plays",
            "play_counts": "model.all_play_counts",
            "dropped_plays": "model.dropped_matches",
            "matches_here": "etl_matches",
            "songplays_in_reach": "songplays",
        }
        if not loading:
            of_chunk["duplicated"] = "model.duplicated"
    else:
        affected = whole | _AFFECTED | ({} if chunk.songs else _AFFECTED_SMALL)
        affected |= _IN_SPAN if chunk.whole_days else {}
        here |= {"time_here": affected["time"]}
        of_chunk = {
            "play_rows": "model.affected_rows",
            "plays": "model.plays",
            "play_counts": "model.play_counts_in_span" if chunk.whole_days else "model.affected_play_counts",
            "dropped_plays": "model.dropped_plays",
            "matches_here": "model.matches_now",
            "songplays_in_reach": "model.songplays_in_span",
        }
    return here | of_chunk | {f"{name}_affected": relation for name, relation in affected.items()}
