"""Every command works, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.postgres.command import Done, run
from tests.servers.postgres import DebianServer
from tests.support import event, song, write_lines

BAD = json.dumps(event(itemInSession=7, ts=5.5))


@pytest.fixture
def loaded(server: DebianServer, database: str, tmp_path: Path) -> tuple[str, Path]:
    """The URL of a warehouse with a play, a song and a reject, and the folder that they came from."""
    write_lines(tmp_path / "logs/a.json", [event(), BAD])
    write_lines(tmp_path / "songs/a.json", [song()])
    url = server.url(database=database, schema="mine")
    _ok("etl", url, *_sources(tmp_path))
    return url, tmp_path


def _sources(folder: Path) -> tuple[str, ...]:
    return ("--logs", str(folder / "logs"), "--songs", str(folder / "songs"))


def _ok(command: str, url: str, *arguments: str) -> Done:
    done = run(*command.split(), *arguments, "--warehouse", url)
    assert done.code == 0, done.err
    return done


LOOKS = {
    "plan": ("", "0 new, 0 changed, 2 unchanged, 0 vanished"),
    "plan --sql": ("CREATE TEMPORARY TABLE affected_plays", ""),
    "analyze": ("songplays_song_id_resolved", ""),
    "status": ("last_play         2018-11-02 01:25:34.796", ""),
    "status --verbose": ("last_run", "schema ="),
    "runs": ("done", ""),
    "rejects list": ("is 5.5, which has a fraction", ""),
    "rejects show 2-1": ("is 5.5, which has a fraction", ""),
    "explain 1541121934796-1-1-0": ("song_found", ""),
}


@pytest.mark.parametrize("command", LOOKS)
def test_looking(loaded: tuple[str, Path], command: str) -> None:
    url, folder = loaded
    arguments = _sources(folder) if command.startswith("plan") else ()
    done = _ok(command, url, *arguments)
    out, err = LOOKS[command]
    assert out in done.out
    assert err in done.err
    assert json.loads(_ok(command, url, *arguments, "--output", "json").out)


def test_query_in_text_and_in_json(loaded: tuple[str, Path]) -> None:
    url, _ = loaded
    statement = (
        "SELECT songplay_id, start_time, CAST('NaN' AS NUMERIC) AS n, CAST('Infinity' AS NUMERIC) AS i, 1.5 AS d, "
        "CAST('NaN' AS DOUBLE PRECISION) AS f, ARRAY[1, 2] AS a, CAST(NULL AS TEXT) AS nothing, '%?$1' AS t "
        "FROM songplays"
    )
    assert "2018-11-02 01:25:34.796" in _ok("query", url, statement).out
    (row,) = json.loads(_ok("query", url, statement, "--output", "json").out)
    assert row == {
        "songplay_id": "1541121934796-1-1-0",
        "start_time": "2018-11-02T01:25:34.796", "n": None, "i": None, "d": 1.5, "f": None,
        "a": [1, 2], "nothing": None, "t": "%?$1",
    }  # fmt: skip


def test_rejects_are_replayed_in_the_order_of_files_and_lines(loaded: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = loaded
    for name in ("b-a", "B", "b.a", "a a"):
        write_lines(folder / f"logs/{name}.json", [json.dumps(event(ts=f"bad {name}"))])
    assert run("etl", "--warehouse", url, *_sources(folder)).code == 1, "nothing of what is new was loaded"
    listed = json.loads(_ok("rejects list", url, "--output", "json").out)
    ordered = sorted(listed, key=lambda reject: reject["file"].encode())
    fixed = [event(itemInSession=10 + place) for place, _ in enumerate(ordered)]
    write_lines(tmp_path / "fixed.json", fixed)
    _ok("rejects replay", url, "--from", str(tmp_path / "fixed.json"))
    again = json.loads(_ok("rejects list", url, "--output", "json").out)
    assert {reject["state"] for reject in again} == {"resolved"}
    assert "from" not in _ok("rejects replay", url).out


def test_etl_prunes_and_refreshes(loaded: tuple[str, Path]) -> None:
    url, folder = loaded
    (folder / "logs/a.json").unlink()
    write_lines(folder / "logs/b.json", [event(itemInSession=1)])
    summary = json.loads(_ok("etl", url, *_sources(folder), "--prune", "--output", "json").out)
    assert (summary["files_loaded"], summary["files_removed"]) == (1, 1)
    assert "was rebuilt" in _ok("etl", url, *_sources(folder), "--full-refresh").err


def test_tables_are_dropped_and_created(loaded: tuple[str, Path]) -> None:
    url, folder = loaded
    assert "all tables are there already" in _ok("create-tables", url).err
    done = _ok("create-tables", url, "--drop", "--yes", "--output", "json")
    document = json.loads(done.out)
    assert sorted(document["dropped"]) == sorted(document["created"])
    _ok("etl", url, *_sources(folder))


def test_before_there_is_anything(server: DebianServer, database: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    url = server.url(database=database, schema="mine")
    assert "logs/a.json" in _ok("plan", url, "--logs", str(tmp_path / "logs")).out
    done = run("status", "--warehouse", url)
    assert (done.code, done.err.splitlines()[0]) == (1, "error: no schema mine in the database")
    assert server.run("SELECT 1 FROM pg_namespace WHERE nspname = 'mine'", database) == []
