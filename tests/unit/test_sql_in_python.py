"""SQL stands in .sql files: Python modules outside of engines/ and sql/ hold none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from sparkify.engines.registry import REGISTRY
from sparkify.sql import definitions
from sparkify.sql.dialect import Dialect
from sparkify.sql.statements import named_query, read_statements, statement

SOURCE = Path(definitions.__file__).parents[1]
DIALECTS = {entry.dialect.name: entry.dialect for entry in REGISTRY.values()}
SUBJECTS = definitions.names_in("statements")

STATEMENT = re.compile(
    r"(^|;)\s*(SELECT\s|INSERT INTO\s|UPDATE\s+\S+\s|DELETE FROM\s|(CREATE|DROP|ALTER)\s+\S|WITH\s+\S|TRUNCATE\s"
    r"|MERGE INTO\s|COPY\s|LOCK\s|ANALYZE\s|VACUUM\b|BEGIN\b|VALUES\s*\()"
)
"""How a text begins that is a statement, or the first part of one."""

MAY_HOLD_SQL = {
    "engines": "what one engine alone does: sessions, locks, catalogues, COPY",
    "sql": "what renders statements",
}
"""Packages with SQL in their Python modules, and why."""


def sql_in(source: str) -> Iterator[tuple[int, str]]:
    """The lines of a Python source with texts that begin as statements do; docstrings are none."""
    for node in ast.walk(ast.parse(source)):
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.Constant) or isinstance(node, ast.Expr):
                continue
            if isinstance(child.value, str) and STATEMENT.search(child.value):
                yield child.lineno, child.value


def test_no_module_outside_engines_and_sql_holds_sql() -> None:
    found: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE)
        if name.parts[0] not in MAY_HOLD_SQL:
            found |= {f"{name}:{line}": text for line, text in sql_in(path.read_text("utf-8"))}
    assert found == {}, "move it to a file in sql/statements/"


def test_every_exception_is_one_still() -> None:
    for package in MAY_HOLD_SQL:
        texts = (path.read_text("utf-8") for path in (SOURCE / package).rglob("*.py"))
        assert any(list(sql_in(text)) for text in texts), f"{package} holds no SQL any more: take it from the list"


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("a = 'SELECT 1'", True),
        ("f(f'DELETE FROM {name}')", True),
        ("f('UPDATE t '\n  'SET a = 1')", True),
        ("a = f'{b}; CREATE TABLE {c}'", True),
        ("a = '''\n  WITH a AS (SELECT 1)\n'''", True),
        ("def f():\n    '''SELECT what there is.'''", False),
        ("a = 'Select a file'", False),
        ("a = 'CREATE'", False),
    ],
)
def test_sql_is_found(source: str, is_found: bool) -> None:
    assert bool(list(sql_in(source))) is is_found


# Named statements


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_statement_is_used(subject: str) -> None:
    sources = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    unused = [name for name in read_statements(subject) if f'"{subject}/{name}"' not in sources]
    assert unused == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_file_of_statements_holds_nothing_else(subject: str) -> None:
    text = (SOURCE / "sql/statements" / f"{subject}.sql").read_text("utf-8")
    parsed = [tree for tree in sqlglot.parse(text, read="duckdb") if tree]
    assert len(parsed) == len(read_statements(subject)), "a statement without its line `-- name: what it does`"
    assert not any(isinstance(tree, exp.Command) for tree in parsed)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_names_stand_for_tables_columns_and_numbers(dialect: Dialect) -> None:
    sql = statement(
        "replays/stage",
        dialect,
        relations={"staging_table": "staging_events", "replayed_table": "time"},
        columns={"record_columns": ("ts", "userId")},
        literals={"shift": 7},
    )
    assert sql == (
        'INSERT INTO staging_events (ts, "userId", position, file_id) '
        'SELECT r.ts, r."userId", t.position, t.file_id + 7 '
        "FROM time AS r JOIN resolved_rejects AS t ON t.replay_id = r.replay_id"
    )


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_list_of_numbers(dialect: Dialect) -> None:
    sql = statement("manifest/take_back", dialect, literals={"file_ids": [3, 5]})
    assert sql == "DELETE FROM staging_table WHERE file_id IN (3, 5)"


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_parameters_stay_question_marks(dialect: Dialect) -> None:
    assert statement("settings/one", dialect).endswith("WHERE setting = ?")


def test_a_table_that_is_created_has_the_engines_types() -> None:
    created = {name: statement("manifest/create_new_tags", dialect) for name, dialect in DIALECTS.items()}
    assert "content_tag VARCHAR(65535)" in created["redshift"]
    assert "content_tag VARCHAR)" in created["duckdb"]
    assert all("last_time TIMESTAMP)" in statement("offsets/create_slices", dialect) for dialect in DIALECTS.values())


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_table_has_its_name_before_its_columns_too(dialect: Dialect) -> None:
    sql = statement("offsets/move_staged", dialect, relations={"staging_table": "staging_songs"})
    assert sql.startswith("UPDATE staging_songs SET") and sql.endswith("WHERE staging_songs.file_id = s.file_id")


def test_a_statement_that_is_no_query_is_refused_where_one_is_wanted() -> None:
    with pytest.raises(TypeError, match="not a query: settings/clear"):
        named_query("settings/clear")
