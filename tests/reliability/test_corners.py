"""Corners in which a reviewer once found a fault."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.support import event, load, rows, song, write_lines
from tests.unit.command import sparkify as run

import sparkify

BAD = json.dumps(event(ts="x", page="Home"))


@pytest.mark.parametrize("written", ["1e1000000000000000000", "1e-9999999999999999999", "0e99999999999999999999"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_huge_exponent_harms_one_record_at_the_most(tmp_path: Path, written: str, quote: str) -> None:
    odd = json.dumps(event()).replace("1541121934796", f"{quote}{written}{quote}", 1)
    write_lines(tmp_path / "logs/a.json", [odd, event(itemInSession=1)])
    warehouse = load(tmp_path)
    loaded = 2 if written.startswith("0") else 1
    assert rows(warehouse, "SELECT records, loaded, rejected FROM etl_files") == [(2, loaded, 2 - loaded)]


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--warehouse", "duckdb://user:hunter2@host/db"),
        ("status", "--warehouse", "x://user:hunter2@["),
        ("etl", "--logs", "s3://key:hunter2@b/x"),
        ("etl", "--logs", "https://user:hunter2@["),
    ],
)
def test_no_password_is_printed(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_no_password_of_the_file_is_printed(tmp_path: Path) -> None:
    (tmp_path / "sparkify.toml").write_text('warehouse = ["postgres://u:hunter2@h"]')
    done = run("status", cwd=tmp_path)
    assert done.returncode == 2
    assert "hunter2" not in done.stderr


def test_a_first_line_that_is_too_long_is_one_reject_of_its_own(tmp_path: Path) -> None:
    long = '{"x": "' + "a" * (16 * 1024 * 1024) + '"}'
    write_lines(tmp_path / "logs/a.json", [long, event(), "{bad", event(itemInSession=1)])
    warehouse = load(tmp_path)
    assert rows(warehouse, "SELECT records, loaded, rejected FROM etl_files") == [(4, 2, 2)]


def test_inferred_ids_that_collide_block_nothing(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "logs/a.json",
        [event(artist="A\x1fb", song="c"), event(artist="A", song="b\x1fc", itemInSession=1)],
    )
    warehouse = load(tmp_path)
    inferred = rows(warehouse, "SELECT DISTINCT song_id FROM songplays")
    assert len(inferred) == 1
    write_lines(tmp_path / "songs/x.json", [song(song_id=inferred[0][0], title="Else")])
    load(tmp_path)
    assert rows(warehouse, "SELECT title, inferred FROM songs") == [("Else", False)]


def test_a_file_that_begins_with_nul_loses_nothing_but_that(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [b"\0" + json.dumps(event()).encode(), event(itemInSession=1)])
    warehouse = load(tmp_path)
    assert rows(warehouse, "SELECT records, loaded, rejected FROM etl_files") == [(3, 2, 1)]


def test_a_file_that_changes_its_kind_leaves_no_rows_behind(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    warehouse = load(tmp_path)
    write_lines(tmp_path / "logs/a.json", [song()])
    with sparkify.connect(f"duckdb:///{warehouse}") as connection:
        connection.etl(songs=str(tmp_path / "logs"))
    assert rows(warehouse, "SELECT kind FROM etl_files") == [("songs",)]
    assert rows(warehouse, "SELECT COUNT(*) FROM staging_events") == [(0,)]


def test_a_refused_run_says_that_it_built_the_star_anew(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    load(tmp_path, unknown_songs="drop")
    write_lines(tmp_path / "logs/b.json", [event(itemInSession=5), *[BAD] * 20])
    done = run("etl", "--logs", "logs", "--warehouse", "duckdb:///w.duckdb", cwd=tmp_path)
    assert done.returncode == 3
    assert "the star was rebuilt: unknown_songs changed from drop to infer" in done.stderr


def test_explain_tells_length_0_from_none_and_finds_odd_names(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff.json")
    write_lines(tmp_path / "logs" / name, [event(length=None), event(length=0, itemInSession=1)])
    write_lines(tmp_path / "songs/x.json", [song(song_id="S1", duration=9), song(song_id="S2", duration=0)])
    load(tmp_path)
    done = run("explain", "1541121934796-1-1-1", "--warehouse", "duckdb:///w.duckdb", "--output", "json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert found["song_found"].startswith("S2")
    assert found["line"] == 2


def test_small_things_of_the_command_line(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [json.dumps(event())[:-1] + ', "\\ud800": 1}'])
    done = run("etl", "--logs", "logs", "--warehouse", "duckdb:///w.duckdb", "--output", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["unknown_names"] == {"events": ["\ud800"]}
    assert run("query", "", "--warehouse", "duckdb:///w.duckdb", cwd=tmp_path).returncode == 2
    twice = run("query", "SELECT 1 AS a, 2 AS a", "--warehouse", "duckdb:///w.duckdb", "--output", "json", cwd=tmp_path)
    assert json.loads(twice.stdout) == [{"a": 1, "a_2": 2}]
    (tmp_path / "sparkify.toml").write_text('spool = "/proc/nope"')
    write_lines(tmp_path / "logs/b.json", [event()])
    done = run("etl", "--logs", "logs", "--warehouse", "duckdb:///w.duckdb", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
