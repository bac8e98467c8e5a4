"""What a user needs: a schema of their own to load, USAGE and SELECT to look, and no more; errors say what lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.postgres.command import run
from tests.servers.postgres import DebianServer
from tests.support import DUCKDB, event, load, picture, song, using, write_lines

import sparkify
from sparkify.errors import SparkifyError, WarehouseError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_lines(tmp_path / "logs/a.json", [event(), "bad"])
    write_lines(tmp_path / "songs/a.json", [song()])
    return tmp_path


def _load(url: str, folder: Path, **settings: Any) -> None:
    with sparkify.connect(url) as warehouse:
        warehouse.etl(logs=str(folder / "logs"), songs=str(folder / "songs"), max_rejects="100%", **settings)


def _take_everything_else(server: DebianServer, database: str) -> None:
    server.run(
        f"REVOKE CREATE, CONNECT ON DATABASE {database} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC", database
    )


def test_the_owner_of_one_schema_and_of_nothing_else(
    server: DebianServer, database: str, role: str, folder: Path
) -> None:
    _take_everything_else(server, database)
    server.run(f"GRANT CONNECT ON DATABASE {database} TO {role}")
    url = server.url(role, database, schema="mine")
    _load(url, folder)
    write_lines(folder / "logs/b.json", [event(itemInSession=1, song="Another")])
    write_lines(folder / "logs/a.json", [event(level="paid"), "bad"])
    _load(url, folder)
    _load(url, folder, unknown_songs="null")
    _load(url, folder, unknown_songs="null", full_refresh=True)
    (folder / "logs/b.json").unlink()
    _load(url, folder, unknown_songs="null", prune=True)
    with sparkify.connect(url, read_only=True) as warehouse:
        assert all(check.state != "failed" for check in warehouse.check())
    with using(DUCKDB):
        assert picture(server.url(database=database, schema="mine")) == picture(
            load(folder, unknown_songs="null", max_rejects="100%")
        )
    assert run("create-tables", "--drop", "--yes", "--warehouse", url).code == 0


LACKS = {
    "no CONNECT": ("REVOKE CONNECT ON DATABASE {0} FROM PUBLIC", "permission denied for database"),
    "no TEMPORARY": ("REVOKE TEMPORARY ON DATABASE {0} FROM PUBLIC", "permission denied to create temporary tables"),
    "no USAGE": ("REVOKE ALL ON SCHEMA mine FROM {1}", "may not use the schema mine"),
    "no CREATE": ("REVOKE CREATE ON SCHEMA mine FROM {1}", "permission denied for schema mine"),
}


@pytest.mark.parametrize("lack", LACKS)
def test_a_right_that_lacks(server: DebianServer, database: str, role: str, folder: Path, lack: str) -> None:
    statement, words = LACKS[lack]
    server.run("ALTER SCHEMA mine OWNER TO postgres", database)
    server.run(f"GRANT ALL ON SCHEMA mine TO {role}", database)
    server.run(statement.format(database, role), database)
    url = server.url(role, database, schema="mine")
    with pytest.raises(WarehouseError, match=words) as caught:
        _load(url, folder)
    if lack != "no CONNECT":
        for right in ("USAGE", "CREATE", "TEMPORARY", "SELECT"):
            assert right in caught.value.hint
    if lack == "no TEMPORARY":
        runs = server.run("SELECT state, reason FROM mine.etl_runs", database)
        assert [(state, words in reason) for state, reason in runs] == [("failed", True)]


def test_no_schema_and_no_right_to_make_one(server: DebianServer, database: str, role: str, folder: Path) -> None:
    with pytest.raises(WarehouseError, match="permission denied for database"):
        _load(server.url(role, database, schema="theirs"), folder)


def test_the_tables_are_another_users(server: DebianServer, database: str, role: str, folder: Path) -> None:
    server.run("CREATE SCHEMA theirs", database)
    _load(server.url(database=database, schema="theirs"), folder)
    server.run(f"GRANT ALL ON SCHEMA theirs TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA theirs TO {role}", database)
    write_lines(folder / "logs/b.json", [event(itemInSession=1)])
    url = server.url(role, database, schema="theirs")
    _load(url, folder)  # a chunk needs no more than to write
    with pytest.raises(WarehouseError, match="must be owner of table") as caught:
        _load(url, folder, full_refresh=True)
    assert "to own the tables" in caught.value.hint


LOOKS = (
    ("query", "SELECT songplay_id FROM songplays"),
    ("analyze",),
    ("status",),
    ("runs",),
    ("explain", "1541121934796-1-1-0"),
    ("rejects", "list"),
    ("rejects", "show", "2-1"),
)


@pytest.fixture
def reader_url(server: DebianServer, database: str, role: str, folder: Path) -> str:
    """The URL for a role that may only read."""
    server.run("CREATE SCHEMA theirs", database)
    _load(server.url(database=database, schema="theirs"), folder)
    server.run(
        f"GRANT USAGE ON SCHEMA theirs TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA theirs TO {role}", database
    )
    server.run(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")
    return server.url(role, database, schema="theirs")


@pytest.mark.parametrize("arguments", LOOKS, ids=" ".join)
def test_who_may_only_read_can_look(reader_url: str, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--warehouse", reader_url)
    assert done.code == 0, done.err
    assert done.err == "" or "is open" in done.err
    assert done.out


def test_who_may_only_read_can_plan(reader_url: str, folder: Path) -> None:
    done = run("plan", "--warehouse", reader_url, "--logs", str(folder / "logs"), "--songs", str(folder / "songs"))
    assert (done.code, done.err) == (0, "0 new, 0 changed, 2 unchanged, 0 vanished; 0 bytes to load\n")


def test_who_may_only_read_cannot_load(reader_url: str, folder: Path) -> None:
    with pytest.raises(WarehouseError, match="permission denied for table etl_runs"):
        _load(reader_url, folder)


WRITES = (
    "DELETE FROM songplays",
    "DROP TABLE songplays",
    "TRUNCATE songplays",
    "CREATE TABLE mine (a INT)",
    "COMMIT; DELETE FROM songplays",
    "ROLLBACK; BEGIN READ WRITE; DELETE FROM songplays; COMMIT",
    "SET TRANSACTION READ WRITE; DELETE FROM songplays; COMMIT",
    "SELECT 1; DELETE FROM songplays",
    "DO $$ BEGIN SET default_transaction_read_only = off; COMMIT; DELETE FROM songplays; END $$",
    "DO $$ BEGIN SET transaction_read_only = off; DELETE FROM songplays; END $$",
    "WITH gone AS (DELETE FROM songplays RETURNING 1) SELECT * FROM gone",
    "SELECT set_config('transaction_read_only', 'off', false), (SELECT COUNT(*) FROM songplays)",
    "COPY songplays TO STDOUT",
    "SELECT nothing FROM songplays",
)


@pytest.mark.parametrize("statement", WRITES)
def test_query_writes_nothing_though_the_user_might(
    server: DebianServer, database: str, folder: Path, statement: str
) -> None:
    """As the superuser, who may do everything."""
    url = server.url(database=database, schema="theirs")
    _load(url, folder)
    done = run("query", statement, "--warehouse", url)
    assert done.code in (1, 2)
    assert done.err.startswith("error: ")
    assert server.run("SELECT COUNT(*) FROM theirs.songplays", database) == [(1,)]


def test_statements_that_return_nothing_or_are_none(server: DebianServer) -> None:
    assert run("query", "SET work_mem = '1MB'", "--warehouse", server.url()).code == 2
    for empty in ("", ";", "/* nothing */", " "):
        done = run("query", empty, "--warehouse", server.url())
        assert (done.code, done.err.splitlines()[0]) == (2, "error: there is no statement to run")


def test_a_connection_that_may_write_takes_one_statement_as_duckdb_does(server: DebianServer) -> None:
    with sparkify.connect(server.url()) as warehouse:
        with pytest.raises(SparkifyError, match="several statements"):
            warehouse.query("SELECT 1 AS a; SELECT 2 AS b")
        with pytest.raises(SparkifyError, match="division by zero"):
            warehouse.query("SELECT 1 / 0")
        assert warehouse.query("SELECT '100%' || '?' || '$1' AS c").rows == [("100%?$1",)]
