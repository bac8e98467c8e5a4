"""Tables are Sparkify's if its metadata says so; what differs from the metadata is refused, or made again and said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import (
    EngineUnderTest,
    Rows,
    event,
    load,
    meddle,
    picture,
    rows,
    song,
    url_of,
    warehouse,
    write_lines,
)
from tests.unit.command import Done, settings, sparkify

import sparkify as api
from sparkify.contract import CONTRACT_VERSION
from sparkify.errors import WarehouseError
from sparkify.sql import definitions

READERS = (
    ("analyze",),
    ("status",),
    ("runs",),
    ("rejects", "list"),
    ("explain", "1541121934796-1-1-0"),
    ("plan", "--logs", "logs"),
)
WRITERS = (
    ("etl", "--logs", "logs"),
    ("create-tables",),
    ("create-tables", "--drop", "--yes"),
    ("rejects", "replay", "--from", "logs/a.json"),
)


def _sparkify(folder: Path, *arguments: str, code: int = 0) -> Done:
    done = sparkify(*arguments, "--warehouse", url_of(warehouse(folder)), cwd=folder, env=settings())
    assert done.returncode == code, done.stderr
    return done


def _input(folder: Path) -> None:
    write_lines(folder / "logs/a.json", [event(), event(itemInSession=1, song="Other")])
    write_lines(folder / "songs/x.json", [song()])


def _empty(folder: Path) -> Any:
    """A place for a warehouse in which there are no tables: a file or a schema that exists."""
    place = warehouse(folder)
    with api.connect(url_of(place)):
        return place


@pytest.mark.parametrize("command", [command for command in WRITERS if command[0] != "rejects"])
@pytest.mark.parametrize("is_view", [False, True], ids=["table", "view"])
def test_a_schema_with_somebody_elses_users_is_refused(tmp_path: Path, command: tuple[str, ...], is_view: bool) -> None:
    _input(tmp_path)
    place = _empty(tmp_path)
    meddle(place, "CREATE TABLE people AS SELECT 7 AS id")
    meddle(place, f"CREATE {'VIEW' if is_view else 'TABLE'} users AS SELECT 7 AS id")
    error = _sparkify(tmp_path, *command, code=1).stderr
    assert "Sparkify did not make these tables, and needs their names: users" in error
    assert rows(place, "SELECT id FROM users") == [(7,)]
    with pytest.raises(Exception, match="staging_events"):
        rows(place, "SELECT 1 FROM staging_events")


def test_somebody_elses_table_in_the_place_of_ours_is_not_dropped(tmp_path: Path) -> None:
    _input(tmp_path)
    place = load(tmp_path)
    meddle(place, "DROP TABLE etl_matches")
    meddle(place, "CREATE TABLE etl_matches AS SELECT 7 AS id")
    for command in WRITERS:
        assert "needs their names: etl_matches" in _sparkify(tmp_path, *command, code=1).stderr
    assert rows(place, "SELECT id FROM etl_matches") == [(7,)]
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(2,)]


def test_drop_leaves_what_is_not_ours(tmp_path: Path) -> None:
    _input(tmp_path)
    place = load(tmp_path)
    meddle(place, "CREATE TABLE customers AS SELECT 7 AS id")
    done = _sparkify(tmp_path, "create-tables", "--drop", code=2)
    assert "songplays (2 rows)" in done.stderr and "users (1 row)" in done.stderr and "customers" not in done.stderr
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(2,)]
    dropped = json.loads(_sparkify(tmp_path, "create-tables", "--drop", "--yes", "--output", "json").stdout)["dropped"]
    assert sorted(dropped) == sorted(table.name for table in definitions.all_tables())
    assert rows(place, "SELECT id FROM customers") == [(7,)]
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(0,)]


@pytest.mark.parametrize("table", ["songplays", "users", "time", "artists", "etl_matches", "etl_settings"])
def test_a_table_of_the_star_that_is_gone_is_built_again_and_that_is_said(tmp_path: Path, table: str) -> None:
    _input(tmp_path)
    place = load(tmp_path)
    before = picture(place)
    meddle(place, _drop(place, table))
    for command in (("analyze",), ("status",)):
        assert f"tables are missing: {table}" in _sparkify(tmp_path, *command, code=1).stderr
    done = _sparkify(tmp_path, "etl", "--logs", "logs", "--songs", "songs")
    assert f"the table {table} was missing" in done.stderr
    assert picture(place) == before
    assert "missing" not in _sparkify(tmp_path, "etl", "--logs", "logs", "--songs", "songs").stderr


def _drop(place: Any, table: str) -> str:
    """DROP TABLE, with what refers to it, where references are held."""
    return f'DROP TABLE "{table}"{"" if isinstance(place, Path) else " CASCADE"}'


@pytest.mark.parametrize("table", ["staging_events", "etl_files", "etl_rejects", "etl_runs"])
def test_a_table_that_cannot_be_made_again_is_named_with_the_way_out(tmp_path: Path, table: str) -> None:
    _input(tmp_path)
    place = load(tmp_path)
    meddle(place, f"DROP TABLE {table}")
    for command in (("etl", "--logs", "logs"), ("etl", "--logs", "logs", "--full-refresh"), ("analyze",)):
        done = _sparkify(tmp_path, *command, code=1)
        assert table in done.stderr and "create-tables --drop" in done.stderr
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(2,)]
    _sparkify(tmp_path, "create-tables", "--drop", "--yes")
    _sparkify(tmp_path, "etl", "--logs", "logs", "--songs", "songs")
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(2,)]


def test_rows_of_settings_that_are_gone_rebuild_the_star(tmp_path: Path) -> None:
    _input(tmp_path)
    place = load(tmp_path, unknown_songs="null")
    meddle(place, "DELETE FROM etl_settings WHERE setting IN ('unknown_songs', 'repair_text')")
    assert "is not built" in _sparkify(tmp_path, "analyze", code=1).stderr
    done = _sparkify(tmp_path, "etl", "--logs", "logs", "--songs", "songs")
    assert "does not say which unknown_songs, repair_text it was built with" in done.stderr
    assert rows(place, "SELECT COUNT(*) FROM songplays WHERE song_id IS NULL") == [(0,)]


def test_an_altered_star_is_refused_until_it_may_be_built_again(tmp_path: Path) -> None:
    _input(tmp_path)
    place = load(tmp_path)
    before = picture(place)
    meddle(place, "ALTER TABLE users ADD COLUMN note VARCHAR(10)")
    meddle(place, "ALTER TABLE songplays DROP COLUMN user_agent")
    done = _sparkify(tmp_path, "etl", "--logs", "logs", code=1)
    assert "users.note is new" in done.stderr and "songplays.user_agent is gone" in done.stderr
    assert "columns are missing: songplays.user_agent" in _sparkify(tmp_path, "status", code=1).stderr
    assert rows(place, "SELECT user_id FROM users WHERE note IS NULL") == [(1,)]
    done = _sparkify(tmp_path, "etl", "--logs", "logs", "--songs", "songs", "--full-refresh")
    assert "the tables songplays, users were altered" in done.stderr
    assert picture(place) == before


def test_altered_staging_is_refused(tmp_path: Path) -> None:
    _input(tmp_path)
    place = load(tmp_path)
    meddle(place, "ALTER TABLE staging_events DROP COLUMN auth")
    for more in ((), ("--full-refresh",)):
        done = _sparkify(tmp_path, "etl", "--logs", "logs", *more, code=1)
        assert "the table staging_events of this warehouse: altered" in done.stderr
        assert "create-tables --drop" in done.stderr


NEWER = CONTRACT_VERSION + 1


@pytest.fixture(scope="module")
def newer(engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows]:
    """The folder of a warehouse of a newer contract, and what the warehouse holds."""
    folder = tmp_path_factory.mktemp("newer")
    _input(folder)
    place = load(folder)
    meddle(place, f"UPDATE etl_settings SET setting_value = '{NEWER}' WHERE setting = 'contract_version'")
    return folder, picture(place)


@pytest.mark.parametrize("command", [*WRITERS, *READERS], ids=" ".join)
def test_a_newer_warehouse_is_refused(newer: tuple[Path, Rows], command: tuple[str, ...]) -> None:
    folder, before = newer
    place = warehouse(folder)
    error = _sparkify(folder, *command, code=1).stderr
    assert f"a newer version of Sparkify wrote this warehouse: its contract_version is {NEWER}" in error
    assert picture(place) == before
    assert rows(place, "SELECT COUNT(*) FROM etl_runs") == [(1,)]


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    _input(tmp_path)
    place = load(tmp_path)
    meddle(place, "UPDATE etl_tables SET layout = 99")
    with pytest.raises(WarehouseError, match="the layout of its tables is 99"):
        load(tmp_path)
