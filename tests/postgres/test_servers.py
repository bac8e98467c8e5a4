"""Servers, databases and roles with settings of their own: what would spoil the rows is settled or refused."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

import pytest
from tests.needs import missing
from tests.servers.postgres import DebianServer
from tests.support import DUCKDB, event, load, picture, rows, song, using, write_lines, write_messy_input

import sparkify
from sparkify.engines.postgres import engine as postgres
from sparkify.errors import NoWarehouse, WarehouseError


def _load(url: str, folder: Path, **settings: Any) -> None:
    with sparkify.connect(url) as warehouse:
        warehouse.etl(logs=str(folder / "logs"), songs=str(folder / "songs"), max_rejects="100%", **settings)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_is_not_in_utf_8_is_refused(server: DebianServer, encoding: str) -> None:
    name = f"in_{encoding.lower()}"
    server.run(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(WarehouseError, match=f"the database is encoded in {encoding}") as caught:
        sparkify.connect(server.url(database=name))
    assert "createdb --template template0 --encoding UTF8" in caught.value.hint


def test_an_old_server_is_refused(server: DebianServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no older server at hand: this one is taken for one."""
    monkeypatch.setattr(postgres, "OLDEST_VERSION", 160000)
    with pytest.raises(WarehouseError, match=r"the server is PostgreSQL 15\.") as caught:
        sparkify.connect(server.url())
    assert "needs PostgreSQL" in caught.value.hint


def test_a_schema_that_is_not_there_is_not_made_by_looking(server: DebianServer, database: str) -> None:
    with pytest.raises(NoWarehouse, match="no schema nowhere in the database"):
        sparkify.connect(server.url(database=database, schema="nowhere"), read_only=True)
    assert server.run("SELECT 1 FROM pg_namespace WHERE nspname = 'nowhere'", database) == []


DEFAULTS = {
    "datestyle": "'German'",
    "intervalstyle": "'sql_standard'",
    "timezone": "'Asia/Kathmandu'",
    "search_path": "'pg_catalog', 'elsewhere'",
    "client_encoding": "'LATIN1'",
    "extra_float_digits": "-3",
    "bytea_output": "'escape'",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "'serializable'",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "idle_in_transaction_session_timeout": "'300ms'",
    "idle_session_timeout": "'300ms'",
    "work_mem": "'64kB'",
    "enable_hashjoin": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "constraint_exclusion": "off",
    "row_security": "off",
    "lc_messages": "'C.UTF-8'",
    "default_statistics_target": "1",
}


def test_a_role_with_odd_defaults(server: DebianServer, database: str, role: str, tmp_path: Path) -> None:
    for name, value in DEFAULTS.items():
        server.run(f"ALTER ROLE {role} SET {name} = {value}", database)
    write_messy_input(tmp_path, 2)
    values = [event(userId="7", itemInSession=1, song="back\\slash 'quoted' \u00e9", length=0.1 + 0.2)]
    write_lines(tmp_path / "logs/odd.json", values)
    url = server.url(role, database, schema="mine")
    _load(url, tmp_path, report=lambda progress: time.sleep(0.4) if progress.step in ("load", "transform") else None)
    write_lines(tmp_path / "logs/more.json", [event(userId="8", itemInSession=2)])
    _load(url, tmp_path, chunk_files=1)
    with sparkify.connect(url, read_only=True) as warehouse:
        assert all(check.state != "failed" for check in warehouse.check())
        assert warehouse.query("SELECT start_time FROM songplays WHERE user_id = 8").rows == rows(
            server.url(database=database, schema="mine"), "SELECT start_time FROM songplays WHERE user_id = 8"
        )
    with using(DUCKDB):
        assert picture(server.url(database=database, schema="mine")) == picture(load(tmp_path, max_rejects="100%"))


def test_a_statement_timeout_is_told(server: DebianServer, database: str, role: str, tmp_path: Path) -> None:
    write_messy_input(tmp_path, 2)
    url = server.url(role, database, schema="mine")
    _load(url, tmp_path)
    server.run(f"ALTER ROLE {role} SET statement_timeout = '1ms'", database)
    write_lines(tmp_path / "logs/more.json", [event(itemInSession=item) for item in range(5000)])
    with pytest.raises(WarehouseError, match="statement timeout") as caught:
        _load(url, tmp_path)
    assert "statement_timeout" in caught.value.hint


def test_the_longest_key_fits_an_index(tmp_path: Path) -> None:
    longest = "".join(random.Random(1).choices(ascii_letters + digits + "+/", k=256))  # what is alike is compressed
    place = load(_catalogue(tmp_path, "SO1"))
    write_lines(tmp_path / "songs/long.json", [song(song_id=longest, title="Long")])
    load(tmp_path)
    assert rows(place, "SELECT COUNT(*) FROM songs") == [(2,)]
    write_lines(tmp_path / "songs/long.json", [song(song_id=longest + "x", title="Long")])
    load(tmp_path, max_rejects="100%")
    assert rows(place, "SELECT field FROM etl_rejects") == [("song_id",)]


def _catalogue(folder: Path, song_id: str) -> Path:
    write_lines(folder / "logs/a.json", [event()])
    write_lines(folder / "songs/a.json", [song(song_id=song_id)])
    return folder


def test_something_of_an_analysts_depends_on_the_tables(server: DebianServer, database: str, tmp_path: Path) -> None:
    url = server.url(database=database, schema="mine")
    _load(url, _catalogue(tmp_path, "SO1"))
    server.run(
        "CREATE VIEW mine.listened AS SELECT p.*, s.title "
        "FROM mine.songplays AS p JOIN mine.songs AS s USING (song_id)",
        database,
    )
    _load(url, tmp_path, full_refresh=True)  # views stay as they are
    server.run("CREATE TABLE mine.notes (song_id TEXT REFERENCES mine.songs, note TEXT)", database)
    server.run("INSERT INTO mine.notes VALUES ('SO1', 'good')", database)
    write_lines(tmp_path / "logs/b.json", [event(itemInSession=1)])
    _load(url, tmp_path)  # nor is a reference to a song that stays in the way
    with pytest.raises(WarehouseError, match="depend on it") as caught:
        _load(url, tmp_path, full_refresh=True)
    assert "drop it first" in caught.value.hint
    assert server.run("SELECT COUNT(*) FROM mine.listened", database) == [(2,)]


@pytest.fixture
def small_disk(server: DebianServer) -> Iterator[Path]:
    """A disk of a few megabytes, with the tablespace `small` on it."""
    folder = server.folder / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], capture_output=True).returncode:
        folder.rmdir()
        missing("disk", "a small disk cannot be mounted here")
    inner = folder / "space"
    inner.mkdir()
    server.own(inner)
    server.run(f"CREATE TABLESPACE small LOCATION '{inner}'")
    try:
        yield folder
    finally:
        server.run("DROP DATABASE IF EXISTS tight WITH (FORCE)")
        server.run("DROP TABLESPACE small")
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_of_the_server(server: DebianServer, small_disk: Path, tmp_path: Path) -> None:
    server.run("CREATE DATABASE tight TABLESPACE small")
    url = server.url(database="tight", schema="mine")
    _load(url, _catalogue(tmp_path, "SO1"))
    before = picture(url)
    plays = [event(itemInSession=item, userAgent="x" * 300) for item in range(15_000)]
    write_lines(tmp_path / "logs/b.json", plays)
    with pytest.raises(WarehouseError, match="No space left on device") as caught:
        _load(url, tmp_path)
    assert "Free some disk space on the server" in caught.value.hint
    assert picture(url) == before
    assert rows(url, "SELECT state FROM etl_runs ORDER BY run_id") == [("done",), ("failed",)]
    subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
    _load(url, tmp_path)
    assert rows(url, "SELECT COUNT(*) FROM songplays") == [(len(plays),)]


def test_a_large_chunk_after_a_small_one(server: DebianServer, database: str, role: str, tmp_path: Path) -> None:
    """The planner must not take the tables for as small as they were: joins row by row would take ten minutes."""
    url = server.url(role, database, schema="mine")
    _load(url, _catalogue(tmp_path, "SO1"))
    server.run(f"ALTER ROLE {role} SET statement_timeout = '60s'", database)
    line = json.dumps(event(itemInSession=0))
    lines = [line.replace('"itemInSession": 0', f'"itemInSession": {item}') for item in range(40_000)]
    write_lines(tmp_path / "logs/b.json", lines)
    _load(url, tmp_path)
    assert rows(url, "SELECT COUNT(*) FROM songplays") == [(40_000,)]
