"""What the golden files hold: the SQL of every engine with the default settings, and what other cases change in it."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from sparkify.contract import RECORD_TYPES
from sparkify.engines.redshift import direct_load
from sparkify.engines.redshift.dialect import REDSHIFT
from sparkify.engines.registry import REGISTRY
from sparkify.sql import definitions
from sparkify.sql.ddl import create_table
from sparkify.sql.dialect import Dialect
from sparkify.sql.render import render
from sparkify.sql.statements import read_statements, statement
from sparkify.sql.tree import read_query
from sparkify.star.checks import Check, Checks, written_checks
from sparkify.star.transform import Chunk, Statement, clear, statements
from sparkify.warehouse.bulk import staging_columns

HERE = Path(__file__).parent
DIALECTS = {entry.dialect.name: entry.dialect for entry in REGISTRY.values()}
ENGINES = tuple(DIALECTS)
DEFAULT = Chunk("infer")
OTHER_SETTINGS = {
    "unknown_songs = null": replace(DEFAULT, unknown_songs="null"),
    "unknown_songs = drop": replace(DEFAULT, unknown_songs="drop"),
    "repair_text = false": replace(DEFAULT, repair_text=False),
}
COMPARED_WITH = {"adding": "incremental", "whole_days": "adding"}
"""Kinds of chunks that have much of another kind: the golden files hold what is different."""
CHUNKS = "chunks.diff"
SETTINGS = "settings.diff"

Named = list[tuple[str, str]]
"""Statements, each with what it is about."""
Differences = dict[str, list[str]]
"""By where they are: the lines that go (`-`) and come (`+`)."""


@cache
def files_of(engine: str) -> dict[str, Named]:
    """The files of an engine by name, each a list of statements."""
    return {f"{name}.sql": found for name, found in _rendered(DIALECTS[engine])}


@cache
def chunks_of(engine: str, settings: Chunk) -> dict[str, Named]:
    """What depends on settings, by kind of chunk: in full, with all that may change, and those that only add events."""
    dialect = DIALECTS[engine]
    adding = replace(settings, songs=False, removes=False)
    chunks = {"full": replace(settings, in_full=True), "incremental": settings, "adding": adding}
    if settings.unknown_songs != "drop":
        chunks["whole_days"] = replace(adding, whole_days=True)
    found: dict[str, Named] = {}
    for kind, chunk in chunks.items():
        found[f"statements/{kind}"] = [_named(statement) for statement in statements(chunk, dialect)]
        found[f"all_checks/{kind}"] = list(_checks(written_checks(chunk, dialect)))
    found["all_checks/analyze"] = list(_checks(written_checks(chunks["full"], dialect, loading=False)))
    return found


def only_in_differences(engine: str) -> Named:
    """The statements of chunks that no file holds word for word."""
    chunks = chunks_of(engine, DEFAULT)
    in_files = {sql for name, found in chunks.items() if _kind(name) not in COMPARED_WITH for _, sql in found}
    found = [pair for name, found in chunks.items() if _kind(name) in COMPARED_WITH for pair in found]
    return [(about, sql) for about, sql in found if sql not in in_files]


def _kind(name: str) -> str:
    return name.split("/")[1]


def _compared_with(name: str) -> str:
    """The file that a kind of chunk is compared with."""
    folder, kind = name.split("/")
    return f"{folder}/{COMPARED_WITH[kind]}" if kind in COMPARED_WITH else ""


def text_of(found: Named) -> str:
    """Statements as a file has them."""
    return "\n".join(f"-- {about}\n{sql};\n" for about, sql in found)


def text_of_differences(found: Differences) -> str:
    """Differences as a file has them."""
    return "\n".join("\n".join([where, *lines, ""]) for where, lines in found.items())


@cache
def differences_of_chunks(engine: str) -> Differences:
    """What is different in kinds of chunks that have much of another kind, by file and statement."""
    chunks = chunks_of(engine, DEFAULT)
    return {
        f"{name}: {about}": lines
        for name, found in chunks.items()
        if (other := _compared_with(name))
        for about, lines in _compared(chunks[other], found)
    }


def differences_of_settings(engine: str) -> Differences:
    """What is different where a setting is not the default, by setting, file and statement.

    A kind of chunk that is compared with another is named where a setting changes something else in it.
    """
    return {where: lines for where, lines, is_repeated in _of_settings(engine) if not is_repeated}


def every_difference_of_settings(engine: str) -> Differences:
    """The same, with what is repeated."""
    return {where: lines for where, lines, _ in _of_settings(engine)}


@cache
def _of_settings(engine: str) -> list[tuple[str, list[str], bool]]:
    """Where, the lines, and whether the kind of chunk that it is compared with has the same ones."""
    usual = chunks_of(engine, DEFAULT)
    listed = []
    for setting, chunk in OTHER_SETTINGS.items():
        changed = chunks_of(engine, chunk)
        found = {name: dict(_compared(usual[name], changed[name])) for name in changed}
        for name, differences in found.items():
            other = found.get(_compared_with(name), {})
            there = {about: differences.get(about, []) for about in _by_name(usual[name])} | differences
            listed += [
                (f"{setting}, {name}: {about}", lines, other.get(about, []) == lines) for about, lines in there.items()
            ]
    return listed


def _compared(before: Named, after: Named) -> Iterator[tuple[str, list[str]]]:
    """Statements that are not the same, with the lines that go and come."""
    old, new = _by_name(before), _by_name(after)
    for about in dict.fromkeys([*old, *new]):
        compared = difflib.ndiff(old.get(about, "").splitlines(), new.get(about, "").splitlines())
        if lines := [line for line in compared if line[0] in "-+"]:
            yield about, lines


def _by_name(statements: Named) -> dict[str, str]:
    """Statements by what they are about; the second of the same name gets a number."""
    seen: Counter[str] = Counter()
    found = {}
    for about, sql in statements:
        seen[about] += 1
        found[about if seen[about] == 1 else f"{about} ({seen[about]})"] = sql
    return found


def _rendered(dialect: Dialect) -> Iterator[tuple[str, Named]]:
    yield "tables", [(table.about, create_table(table, dialect)) for table in definitions.all_tables()]
    if keys := [(table.about, step.sql) for table in definitions.all_tables() for step in dialect.after_create(table)]:
        yield "keys", keys
    if dialect is REDSHIFT:
        yield "direct_load", list(_direct_load())
    for folder in ("star", "intermediate", "checks", "replay", "open", "migrations/1", "questions"):
        for name in definitions.names_in(folder):
            path = f"{folder}/{name}"
            query = render(read_query(path), dialect, {"unknown_songs": "infer", "state": "loaded"})
            header = definitions.header(path)
            yield path, [(header["title" if folder == "questions" else "about"], query)]
    for subject in definitions.names_in("statements"):
        found = read_statements(subject)
        yield (
            f"statements/{subject}",
            [(named.about, statement(f"{subject}/{name}", dialect)) for name, named in found.items()],
        )
    yield "clear", [_named(statement) for statement in clear(dialect)]
    for name, statements_of_chunk in chunks_of(dialect.name, DEFAULT).items():
        if _kind(name) not in COMPARED_WITH:
            yield name, statements_of_chunk


def _direct_load() -> Iterator[tuple[str, str]]:
    """What takes an object in; names that are made at run time are fixed here."""
    role = "'arn:aws:iam::123456789012:role/copy'"
    yield "lines", direct_load.CREATE_LINES
    yield (
        "an object as lines",
        direct_load.copy_sql(direct_load.LINES, "s3://bucket/manifest", role, direct_load.AS_LINES),
    )
    for record_type in RECORD_TYPES.values():
        table = f"direct_load_{record_type.kind}"
        yield f"{record_type.kind}: lines, and those that are not plain", direct_load.lines_sql(record_type)
        yield f"{record_type.kind}: records", direct_load.create_table(table, record_type)
        options = "FORMAT AS JSON 's3://bucket/paths'"
        yield (
            f"{record_type.kind}: an object as records",
            direct_load.copy_sql(table, "s3://bucket/manifest", role, options),
        )
        yield f"{record_type.kind}: records that break the contract", direct_load.records_sql(table, record_type)
        columns = staging_columns(record_type)
        yield f"{record_type.kind}: into staging", direct_load.insert_sql(record_type.table, table, columns, 7)


def _named(statement: Statement) -> tuple[str, str]:
    return statement.about, statement.sql


def _checks(checks: Checks) -> Iterator[tuple[str, str]]:
    for probe in checks.probes:
        yield f"count the bad rows of {', '.join(check.name for check in probe.checks)}", probe.sql
    for check in checks.every:
        yield _check(check)


def _check(check: Check) -> tuple[str, str]:
    severity = "blocking" if check.is_blocking else "warning"
    return f"{severity} {check.name}: {check.about}", check.sql
