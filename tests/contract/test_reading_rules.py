"""When the rules of reading change, every file that is there is read again, and those that are gone keep their rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import event, load, meddle, picture, rows, song, url_of, warehouse, write_lines
from tests.unit.command import Done, settings, sparkify

from sparkify.contract import READING_VERSION

VERSION = "SELECT setting_value FROM etl_settings WHERE setting = 'reading_version'"
OLDER = {
    "missing": "DELETE FROM etl_settings WHERE setting = 'reading_version'",
    "older": "UPDATE etl_settings SET setting_value = '0' WHERE setting = 'reading_version'",
}


def _command(folder: Path, *arguments: str) -> Done:
    return sparkify(*arguments, "--warehouse", url_of(warehouse(folder)), cwd=folder, env=settings())


def _etl(folder: Path, *options: str) -> Done:
    return _command(folder, "etl", "--logs", "logs", "--songs", "songs", *options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate("abc"):
        write_lines(tmp_path / f"logs/{name}.json", [event(itemInSession=number), "bad", event(itemInSession=9)])
    write_lines(tmp_path / "songs/a.json", [song()])
    load(tmp_path, max_rejects="50%")
    return tmp_path


@pytest.mark.parametrize("sql", OLDER.values(), ids=OLDER)
def test_files_are_read_again_when_the_rules_have_changed(folder: Path, sql: str) -> None:
    before = picture(warehouse(folder))
    assert rows(warehouse(folder), VERSION) == [(str(READING_VERSION),)]
    meddle(warehouse(folder), sql)
    ahead = _command(folder, "plan", "--logs", "logs", "--songs", "songs")
    assert "the rules of reading have changed: 4 files to be read again" in ahead.stderr
    done = _etl(folder, "--max-rejects", "50%")
    assert done.returncode == 0, done.stderr
    assert "the rules of reading have changed: 4 files read again" in done.stderr
    assert picture(warehouse(folder)) == before
    assert rows(warehouse(folder), VERSION) == [(str(READING_VERSION),)]
    again = _etl(folder, "--max-rejects", "50%")
    assert "rules of reading" not in again.stderr
    assert "nothing new" in again.stderr


def test_files_that_are_gone_keep_their_rows_and_that_is_said(folder: Path) -> None:
    (folder / "logs/a.json").unlink()
    meddle(warehouse(folder), OLDER["missing"])
    for _ in range(2):
        done = _etl(folder, "--max-rejects", "50%")
        assert "the rules of reading have changed: 1 file no longer in the source" in done.stderr
    assert rows(warehouse(folder), 'SELECT COUNT(*) FROM staging_events WHERE "itemInSession" = 0') == [(1,)]
    _etl(folder, "--max-rejects", "50%", "--prune")
    assert "rules of reading" not in _etl(folder, "--max-rejects", "50%").stderr


def test_a_source_that_is_not_given_is_read_again_when_it_is(folder: Path) -> None:
    meddle(warehouse(folder), OLDER["missing"])
    done = _command(folder, "etl", "--songs", "songs")
    assert "1 file read again" in done.stderr
    assert "3 files read again" in _etl(folder, "--max-rejects", "50%").stderr


def test_a_refused_run_leaves_the_rest_to_the_next(folder: Path) -> None:
    meddle(warehouse(folder), OLDER["missing"])
    refused = _command(folder, "etl", "--logs", "logs", "--songs", "songs", "--max-rejects", "0")
    assert refused.returncode == 3, refused.stderr
    done = _etl(folder, "--max-rejects", "50%")
    assert done.returncode == 0, done.stderr
    assert "files read again" in done.stderr


def test_a_warehouse_that_was_read_by_newer_rules_is_refused(folder: Path) -> None:
    meddle(warehouse(folder), "UPDATE etl_settings SET setting_value = '99' WHERE setting = 'reading_version'")
    done = _etl(folder)
    assert done.returncode == 1
    assert "reading_version is 99" in done.stderr
