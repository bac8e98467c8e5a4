"""The SQL of every engine, word for word, as files; and that Redshift would take its own.

The files hold the SQL of the default settings. What other settings change in it is in `settings.diff`, line by line;
what is different in kinds of chunks that have much of another kind, in `chunks.diff`.
`make golden` writes the files again: read their diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.golden.rendered import (
    CHUNKS,
    ENGINES,
    HERE,
    SETTINGS,
    differences_of_chunks,
    differences_of_settings,
    every_difference_of_settings,
    files_of,
    only_in_differences,
    text_of,
    text_of_differences,
)
from tests.redshift.rules import banned_in, faults_of_queries, unparsable, without_texts
from tests.redshift.widths import Widths

from sparkify.contract import MAX_TEXT_BYTES
from sparkify.sql import definitions
from sparkify.sql import render as rendering

WRITE = os.environ.get("SPARKIFY_WRITE_GOLDEN") == "1"

NAMES = [*sorted(str(path.relative_to(HERE / "redshift")) for path in (HERE / "redshift").rglob("*.sql")), CHUNKS]
"""What there is for Redshift. The files are listed: to write their SQL takes seconds, and every worker asks."""


def of_redshift(name: str) -> list[tuple[str, str]]:
    """The statements of a file."""
    return only_in_differences("redshift") if name == CHUNKS else files_of("redshift").get(name, [])


def text_of_widths() -> str:
    """The statements that handle rows of more than one long text as wholes, and how wide those are at the most."""
    lines = []
    for folder in ("statements", "all_checks", "questions", "replay", "open"):
        for name in sorted(found for found in files_of("redshift") if found.startswith(f"{folder}/")):
            widths = Widths()
            for about, sql in files_of("redshift")[name]:
                width = widths.widest(as_redshift_gets_it(sql).removesuffix(";\n"))
                lines += [f"{width:>9,}  {name}: {about}"] if width > MAX_TEXT_BYTES else []
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("engine", ENGINES)
def test_golden_files_are_what_is_rendered(engine: str) -> None:
    folder = HERE / engine
    expected = {name: text_of(found) for name, found in files_of(engine).items()}
    expected[SETTINGS] = text_of_differences(differences_of_settings(engine))
    expected[CHUNKS] = text_of_differences(differences_of_chunks(engine))
    if engine == "redshift":
        expected["widths.txt"] = text_of_widths()
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
    assert {name for name in models_there if not name.startswith(("metadata/", "transform/"))} <= set(
        files_of("duckdb")
    )


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
    for about, sql in of_redshift(name):
        assert banned_in(sql) == [], about
        assert faults_of_queries(as_redshift_gets_it(sql)) == [], about


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
    for about, sql in of_redshift(name):
        assert unparsable(as_redshift_gets_it(sql)) == [], about


@pytest.mark.parametrize("engine", ENGINES)
def test_settings_change_a_literal_or_leave_something_out(engine: str) -> None:
    """So that the tests above, which read the SQL of the default settings, hold for the others."""
    for where, lines in every_difference_of_settings(engine).items():
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
