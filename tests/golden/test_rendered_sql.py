"""The SQL of every engine, word for word, as files; and that Redshift would take its own.

The files hold the SQL of the default settings. What other settings change in it is in `settings.diff`, line by line.
`make golden` writes the files again: read their diff.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.redshift.rules import banned_in, unparsable, without_texts

from sparkify.contract import RECORD_TYPES
from sparkify.engines.redshift import direct_load
from sparkify.engines.redshift.dialect import REDSHIFT
from sparkify.engines.registry import REGISTRY
from sparkify.sql import definitions
from sparkify.sql import render as rendering
from sparkify.sql.ddl import create_table
from sparkify.sql.dialect import Dialect
from sparkify.sql.render import render
from sparkify.sql.statements import read_statements, statement
from sparkify.sql.tree import read_query
from sparkify.star.checks import Check, Checks, written_checks
from sparkify.star.transform import Chunk, Statement, clear, statements
from sparkify.warehouse.bulk import staging_columns

HERE = Path(__file__).parent
WRITE = os.environ.get("SPARKIFY_WRITE_GOLDEN") == "1"
DIALECTS = {entry.dialect.name: entry.dialect for entry in REGISTRY.values()}
ENGINES = tuple(DIALECTS)
DEFAULT = Chunk("infer")
OTHER_SETTINGS = {
    "unknown_songs = null": replace(DEFAULT, unknown_songs="null"),
    "unknown_songs = drop": replace(DEFAULT, unknown_songs="drop"),
    "repair_text = false": replace(DEFAULT, repair_text=False),
}

Named = list[tuple[str, str]]
"""Statements, each with what it is about."""


def rendered(dialect: Dialect) -> Iterator[tuple[str, Named]]:
    """Files by name, each a list of statements and what they are about."""
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
        yield (
            f"statements/{subject}",
            [
                (found.about, statement(f"{subject}/{name}", dialect))
                for name, found in read_statements(subject).items()
            ],
        )
    yield "clear", [_named(statement) for statement in clear(dialect)]
    yield from rendered_chunks(DEFAULT, dialect)


def rendered_chunks(settings: Chunk, dialect: Dialect) -> Iterator[tuple[str, Named]]:
    """What depends on settings: files by name, each a list of statements and what they are about."""
    in_full = replace(settings, in_full=True)
    adding = replace(settings, songs=False, removes=False)
    chunks = [("full", in_full), ("incremental", settings), ("adding", adding)]
    if settings.unknown_songs != "drop":
        chunks.append(("whole_days", replace(adding, whole_days=True)))
    for name, chunk in chunks:
        yield f"statements/{name}", [_named(statement) for statement in statements(chunk, dialect)]
        yield f"all_checks/{name}", list(_checks(written_checks(chunk, dialect)))
    yield "all_checks/analyze", list(_checks(written_checks(in_full, dialect, loading=False)))


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


@cache
def files_of(engine: str) -> dict[str, Named]:
    return {f"{name}.sql": found for name, found in rendered(DIALECTS[engine])}


def text_of(found: Named) -> str:
    return "\n".join(f"-- {about}\n{sql};\n" for about, sql in found)


@cache
def differences(engine: str) -> dict[str, list[str]]:
    """By setting, file and statement: the lines that go (`-`) and come (`+`) where a setting is not the default."""
    found = {}
    for setting, chunk in OTHER_SETTINGS.items():
        for name, changed in rendered_chunks(chunk, DIALECTS[engine]):
            before, after = by_name(files_of(engine)[f"{name}.sql"]), by_name(changed)
            for about in dict.fromkeys([*before, *after]):
                compared = difflib.ndiff(before.get(about, "").splitlines(), after.get(about, "").splitlines())
                if lines := [line for line in compared if line[0] in "-+"]:
                    found[f"{setting}, {name}: {about}"] = lines
    return found


def by_name(statements: Named) -> dict[str, str]:
    """Statements by what they are about; the second of the same name gets a number."""
    seen: Counter[str] = Counter()
    found = {}
    for about, sql in statements:
        seen[about] += 1
        found[about if seen[about] == 1 else f"{about} ({seen[about]})"] = sql
    return found


def text_of_differences(engine: str) -> str:
    return "\n".join("\n".join([where, *lines, ""]) for where, lines in differences(engine).items())


NAMES = tuple(files_of("redshift"))


@pytest.mark.parametrize("engine", ENGINES)
def test_golden_files_are_what_is_rendered(engine: str) -> None:
    folder = HERE / engine
    expected = {name: text_of(found) for name, found in files_of(engine).items()}
    expected["settings.diff"] = text_of_differences(engine)
    if WRITE:
        _write(folder, expected)
    there = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.*")}
    assert sorted(there) == sorted(expected), "a golden file is missing or left over: make golden"
    stale = [name for name, text in expected.items() if there[name] != text]
    assert not stale, f"stale: {', '.join(stale)}: make golden, and read the diff"


def _write(folder: Path, expected: dict[str, str]) -> None:
    for path in folder.rglob("*.*"):
        path.unlink()
    for name, text in expected.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def test_every_model_and_check_is_rendered() -> None:
    sql = Path(definitions.__file__).parent
    models_there = {f"{path.parent.name}/{path.name}" for path in sql.glob("*/*.sql")}
    assert {name for name in models_there if not name.startswith(("metadata/", "transform/"))} <= set(NAMES)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_macro_is_left(engine: str) -> None:
    names = "|".join([*rendering._MACROS, *rendering._ORDERS, "EVENT_COLUMNS", "FROM_MILLIS", "TO_MILLIS", "BYTEWISE"])
    for name, found in files_of(engine).items():
        for _, sql in found:
            assert not re.search(rf"\b({names})\s*\(", sql), name


LEFT_OPEN = {"first_new", "now", "most", "shift", "file_ids", "ts", "user_id", "session_id", "item"}


@pytest.mark.parametrize("engine", ENGINES)
def test_only_known_names_are_left_open(engine: str) -> None:
    for name, found in files_of(engine).items():
        for _, sql in found:
            assert set(re.findall(r"(?<!:):([a-z_]+)", without_texts(sql))) <= LEFT_OPEN, name


def test_postgres_orders_text_by_bytes() -> None:
    """Its default collation would choose other deduplicated_plays than the other engines do."""
    ordered = (
        "intermediate/matches",
        "intermediate/deduplicated_plays",
        "intermediate/catalogue",
        "intermediate/last_events",
        "intermediate/level_steps",
        "star/artists",
    )
    for name in (f"{path}.sql" for path in ordered):
        assert 'COLLATE "C"' in files_of("postgres")[name][0][1], name
    for engine in ("duckdb", "redshift"):
        assert "COLLATE" not in "".join(text_of(found) for found in files_of(engine).values()), engine


@pytest.mark.parametrize("name", NAMES)
def test_redshift_text_has_nothing_that_redshift_lacks(name: str) -> None:
    for about, sql in files_of("redshift")[name]:
        assert banned_in(sql) == [], about


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT COUNT(*) FILTER (WHERE a) FROM t", "FILTER ("),
        ("SELECT DISTINCT ON (a) a FROM t", "DISTINCT ON"),
        ("SELECT * FROM t, LATERAL (SELECT 1)", "LATERAL"),
        ("INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING", "ON CONFLICT"),
        ("DELETE FROM t RETURNING a", "RETURNING"),
        ("SELECT [1, 2]", "array literal"),
        ("SELECT ARRAY[1, 2]", "array literal"),
        ("SELECT a FROM t GROUP\nBY ALL", "GROUP BY ALL"),
        ("SELECT arg_max(a, b) FROM t", "arg_max"),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX"),
        ("MERGE INTO t USING (SELECT 1) AS s ON TRUE", "MERGE"),
        ("SELECT a IS NOT DISTINCT FROM b", "IS DISTINCT FROM"),
        ("SELECT * FROM (VALUES (1)) AS t", "FROM (VALUES"),
        ("SELECT a FROM t ORDER BY a COLLATE \"C\"", "COLLATE"),
        ("SELECT a FROM t AS t QUALIFY b = 1", "QUALIFY"),
        ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "WITH … INSERT"),
        ("CREATE TABLE t (\n  a VARCHAR NOT NULL\n)", "unbounded text"),
        ("CREATE TEMPORARY TABLE t (a BIGINT, b VARCHAR)", "unbounded text"),
    ],
)  # fmt: skip
def test_the_ban_list_finds_what_it_bans(sql: str, name: str) -> None:
    assert name in banned_in(sql)


def as_redshift_gets_it(sql: str) -> str:
    open_names = rf"\?|(?<!:):({'|'.join(LEFT_OPEN)})\b"
    return re.sub(open_names, "1", rendering.bind(sql, dict.fromkeys(LEFT_OPEN, 1), [0])) + ";\n"


@pytest.mark.parametrize("name", NAMES)
def test_redshift_text_is_parsed_by_sqlfluff(name: str) -> None:
    for about, sql in files_of("redshift")[name]:
        assert unparsable(as_redshift_gets_it(sql)) == [], about


@pytest.mark.parametrize("engine", ENGINES)
def test_settings_change_a_literal_or_leave_something_out(engine: str) -> None:
    """So that the tests above, which read the SQL of the default settings, hold for the others."""
    for where, lines in differences(engine).items():
        gone, come = ([line[2:] for line in lines if line[0] == sign] for sign in "-+")
        if where.startswith("repair_text"):
            assert come == [], where
        else:
            literal = f"'{where.split(',')[0].split()[-1]}'"
            assert [line.replace("'infer'", "?").replace(literal, "?") for line in gone] == [
                line.replace("'infer'", "?").replace(literal, "?") for line in come
            ], where


def test_sqlfluff_finds_faults() -> None:
    assert unparsable("SELECT a FROM WHERE b;\n")
