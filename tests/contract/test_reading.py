"""What reads cannot write: tried by every reading command, and by a connection that is for reading only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support import EngineUnderTest, Rows, event, load, picture, rows, song, url_of, write_lines
from tests.unit.command import assert_error, settings, sparkify

from sparkify import connect
from sparkify.errors import SparkifyError, UsageError

WRITES = (
    "DELETE FROM users",
    "DROP TABLE users",
    "TRUNCATE users",
    "UPDATE users SET level = 'x'",
    "INSERT INTO users SELECT * FROM users",
    "CREATE TABLE mine (a INT)",
    "CREATE TEMPORARY TABLE mine (a INT)",
    "SELECT 1; DELETE FROM users",
    "SELECT 1; SELECT 2",
    "COMMIT; DELETE FROM users",
    "ROLLBACK; DELETE FROM users; COMMIT",
    "BEGIN; DELETE FROM users; COMMIT",
    "/* SELECT 1 */ DELETE FROM users",
    "-- SELECT\nDELETE FROM users",
    "(SELECT 1); DROP TABLE users",
    "EXPLAIN SELECT 1; DROP TABLE users",
    "WITH gone AS (SELECT 1) DELETE FROM users",
    "WITH gone AS (DELETE FROM users RETURNING 1) SELECT * FROM gone",
    "EXPLAIN ANALYZE DELETE FROM users",
    "SELECT * INTO mine FROM users",
    "COPY users TO '{file}'",
    "COPY users TO PROGRAM 'cat > {file}'",
    "COPY (SELECT 1) TO '{file}'",
    "UNLOAD ('SELECT 1') TO 's3://bucket/prefix' IAM_ROLE default",
    "EXPORT DATABASE '{file}'",
    "ATTACH '{file}' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "PRAGMA profiling_output = '{file}'",
    "CALL pragma_version()",
    "CHECKPOINT",
    "VACUUM",
    "DO $$ BEGIN DELETE FROM users; END $$",
    "PREPARE p AS DELETE FROM users",
    "EXECUTE p",
    "GRANT ALL ON users TO PUBLIC",
    "LOCK users",
    "",
    ";",
    "SELECT 'not ended",
)


@pytest.fixture(scope="module")
def place(engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("reading")
    write_lines(folder / "logs" / "a.json", [event(), "bad"])
    write_lines(folder / "songs" / "a.json", [song()])
    return load(folder)


@pytest.fixture(scope="module")
def before(place: Any) -> Rows:
    """What the warehouse holds."""
    return picture(place)


@pytest.mark.parametrize("sql", WRITES)
def test_a_query_cannot_write(place: Any, before: Rows, tmp_path: Path, sql: str) -> None:
    with (
        connect(url_of(place), read_only=True) as warehouse,
        pytest.raises((SparkifyError, UnicodeError)) as caught,
    ):
        warehouse.query(sql.format(file=tmp_path / "written"))
    assert str(caught.value)
    assert picture(place) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sql", [sql for sql in WRITES if "{file}" not in sql])
def test_nor_can_one_of_a_connection_that_may_load(place: Any, before: Rows, sql: str) -> None:
    with connect(url_of(place)) as warehouse, pytest.raises(SparkifyError):
        warehouse.query(sql)
    assert picture(place) == before


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SELECT 1;; DROP TABLE users;"])
def test_two_statements_are_refused(place: Any, sql: str) -> None:
    with connect(url_of(place), read_only=True) as warehouse, pytest.raises(UsageError, match="several"):
        warehouse.query(sql)


@pytest.mark.parametrize(
    "sql", ["SELECT 1 AS a", "SELECT 1 AS a;", "(SELECT 1 AS a)", "-- note ; \nSELECT 1 AS a ; /* ; */ ",
            "WITH b AS (SELECT 1 AS a) SELECT a FROM b", "WITH b AS (SELECT ';' AS c) SELECT 1 AS a FROM b"]
)  # fmt: skip
def test_what_reads_is_run(place: Any, sql: str) -> None:
    with connect(url_of(place), read_only=True) as warehouse:
        assert warehouse.query(sql).rows == [(1,)]
        assert warehouse.query(sql).rows == [(1,)]


HOSTILE = "1; DROP TABLE users"
COMMANDS = {
    "query": ("query", "DELETE FROM users"),
    "analyze": ("analyze", "--only", HOSTILE),
    "runs": ("runs", "--most", HOSTILE),
    "rejects list": ("rejects", "list", "--most", HOSTILE),
    "rejects show": ("rejects", "show", HOSTILE),
    "explain": ("explain", HOSTILE),
    "explain quoted": ("explain", "1541121934796-1-1-0'; DELETE FROM users; --"),
    "plan": ("plan", "--logs", HOSTILE),
    "doctor": ("doctor", "--logs", HOSTILE),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_reading_command_runs_what_it_is_given(place: Any, before: Rows, tmp_path: Path, command: str) -> None:
    done = sparkify(*COMMANDS[command], "--warehouse", url_of(place), cwd=tmp_path, env=settings())
    assert done.returncode in (1, 2), done
    assert "Traceback" not in done.stderr
    assert picture(place) == before


def test_a_connection_for_reading_refuses_to_write(place: Any) -> None:
    """Whatever a reading command runs, it cannot write: not even by Sparkify's own statements."""
    from sparkify.cli.options import open_warehouse
    from sparkify.config.settings import load as load_settings

    loaded = load_settings({"warehouse": url_of(place)}).settings
    for sql in ("DELETE FROM etl_runs", "INSERT INTO etl_settings VALUES ('a', 'b')", "DROP TABLE users"):
        with pytest.raises(SparkifyError), open_warehouse(loaded) as engine:
            engine.execute(sql)
    assert rows(place, "SELECT COUNT(*) FROM etl_settings WHERE setting = 'a'") == [(0,)]


def test_the_command_says_what_is_wrong(place: Any, tmp_path: Path) -> None:
    where = ("--warehouse", url_of(place))
    done = sparkify("query", "DELETE FROM users", *where, cwd=tmp_path, env=settings())
    assert_error(done, 2, "a query only reads, and may not run DELETE", "one SELECT statement")
    done = sparkify("query", "SELECT 1; SELECT 2", *where, cwd=tmp_path, env=settings())
    assert_error(done, 2, "there are several statements, and a query is one")
