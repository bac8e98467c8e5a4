"""Which files are read, seen from the command line."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from tests.support import event, rows, song, write_lines
from tests.unit.command import Done, sparkify

WHERE = ("--warehouse", "duckdb:///w.duckdb")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_lines(tmp_path / "logs" / "a.json", [event()])
    write_lines(tmp_path / "logs" / "b.JSON", [event(itemInSession=1)])
    write_lines(tmp_path / "logs" / "c.log", [event(itemInSession=2)])
    write_lines(tmp_path / "songs" / "a.json", [song()])
    return tmp_path


def run(folder: Path, command: str, *options: str, logs: str = "logs") -> Done:
    done = sparkify(command, "--logs", logs, "--songs", "songs", *WHERE, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done


def plays(folder: Path) -> int:
    ((count,),) = rows(folder / "w.duckdb", "SELECT COUNT(*) FROM songplays")
    return int(count)


def test_what_is_passed_over_is_said_by_plan_etl_and_doctor(folder: Path) -> None:
    (folder / "logs" / "linked").symlink_to(folder / "songs")
    said = "1 file (1 .log), 1 linked folder"
    found = {"endings": {".log": 1}, "linked_folders": 1, "excluded": 0}
    assert f"passed over in logs: {said}; --include reads files of other names too\n" in run(folder, "plan").stderr
    assert json.loads(run(folder, "plan", "--output", "json").stdout)["passed_over"]["events"] == found
    assert f"passed over: {said}" in run(folder, "doctor").stdout
    assert json.loads(run(folder, "etl", "--output", "json").stdout)["passed_over"]["events"] == found
    assert f"passed over in logs: {said}; --include reads" in run(folder, "etl").stderr
    assert plays(folder) == 2


def test_include_and_exclude_are_kept_and_a_change_is_said(folder: Path) -> None:
    run(folder, "etl")
    done = run(folder, "etl", "--include", "*.LOG", "--exclude", "b.*")
    assert "include changed from nothing to *.LOG" in done.stderr
    assert "exclude changed from nothing to b.*" in done.stderr
    assert "no longer in the source: 1 file" in done.stderr
    assert plays(folder) == 3
    run(folder, "etl", "--include", "*.LOG", "--exclude", "b.*", "--prune")
    assert plays(folder) == 2
    stored = "SELECT setting_value FROM etl_settings WHERE setting IN ('include', 'exclude') ORDER BY setting"
    assert rows(folder / "w.duckdb", stored) == [("b.*",), ("*.LOG",)]
    assert "changed from" not in run(folder, "etl", "--include", "*.LOG", "--exclude", "b.*").stderr


def test_one_file_and_a_pattern(folder: Path) -> None:
    run(folder, "etl", logs="logs/c.log")
    assert plays(folder) == 1
    run(folder, "etl", "--prune", logs="logs/[ab].json")
    assert plays(folder) == 3


def test_reread_finds_what_no_tag_tells(folder: Path) -> None:
    run(folder, "etl")
    time.sleep(2.1)
    run(folder, "etl")
    path = folder / "w.duckdb"
    import duckdb

    with duckdb.connect(str(path)) as warehouse:
        warehouse.execute("UPDATE etl_files SET content_hash = 'other' WHERE uri LIKE '%a.json'")
    assert "nothing new to load" in run(folder, "etl").stderr
    assert "2 of them changed" in run(folder, "etl", "--reread").stderr


def test_a_file_replaced_with_its_old_size_and_time_is_read_again(folder: Path) -> None:
    path = folder / "logs" / "a.json"
    run(folder, "etl")
    time.sleep(2.1)
    run(folder, "etl")
    other = write_lines(folder / "other", [event(level="paid")])
    status = path.stat()
    assert other.stat().st_size == status.st_size
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    shutil.copy2(other, path)
    assert "1 of them changed" in run(folder, "etl").stderr
