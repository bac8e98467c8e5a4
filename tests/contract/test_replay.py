"""A replay is input: bound to its reject's file and bytes, it applies wherever that reject is read, and only there."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from tests.support import event, load, meddle, picture, rows, song, url_of, warehouse, write_lines
from tests.unit.command import Done, settings, sparkify

BAD = json.dumps(event(ts=5.7))
OTHER = json.dumps(event(ts=6.7))
FIXED = event(itemInSession=1)


def _replay(folder: Path, *arguments: str, code: int = 0) -> Done:
    """Run `rejects replay`: no source is named."""
    done = sparkify(
        "rejects", "replay", *arguments, "--warehouse", url_of(warehouse(folder)), cwd=folder, env=settings()
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_plays_of_before_are_not_counted_for_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a replay belong to files of before in the end; those that the files had are not among its plays."""
    monkeypatch.setenv("SPARKIFY_UNKNOWN_SONGS", "drop")
    bad_song = json.dumps(song(song_id=None, title="another"))
    write_lines(tmp_path / "songs/a.json", [song(title="no play has this"), bad_song])
    write_lines(tmp_path / "logs/b.json", [event(), event(itemInSession=2), BAD])
    loaded = load(tmp_path, max_rejects="100%")
    assert rows(loaded, "SELECT COUNT(*) FROM songplays") == [(0,)]
    _give(tmp_path, song(), rejects=(_first_reject(tmp_path, bad_song),))
    assert rows(loaded, "SELECT COUNT(*) FROM songplays") == [(2,)]
    _give(tmp_path, FIXED, rejects=(_first_reject(tmp_path),))
    assert rows(loaded, "SELECT COUNT(*) FROM songplays") == [(3,)]


def _give(folder: Path, *records: Any, rejects: tuple[str, ...] = ()) -> None:
    _replay(folder, "--from", str(write_lines(folder / "fixed.json", records)), *rejects)


def _first_reject(folder: Path, bad: str = BAD) -> str:
    """The name of the first open reject that holds some bytes."""
    sql = "SELECT file_id, reject_no, raw_text FROM etl_rejects WHERE resolved_by IS NULL ORDER BY 1, 2"
    return next(f"{file_id}-{number}" for file_id, number, raw in rows(warehouse(folder), sql) if raw == bad)


def _items(place: Any) -> list[int]:
    return [item for (item,) in rows(place, 'SELECT "itemInSession" FROM staging_events ORDER BY 1')]


def _counts(place: Any) -> list[tuple[Any, ...]]:
    return rows(place, "SELECT records, loaded, rejected, replayed, state, failure FROM etl_files ORDER BY uri")


def _open(place: Any) -> int:
    return int(rows(place, "SELECT COUNT(*) FROM etl_rejects WHERE resolved_by IS NULL")[0][0])


def test_a_correction_after_a_replay_does_not_load_the_record_twice(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    loaded = load(tmp_path)
    _give(tmp_path, FIXED)
    assert (_items(loaded), _counts(loaded)) == ([0, 1], [(2, 1, 1, 1, "loaded", "")])
    write_lines(path, [event(), FIXED])
    load(tmp_path)
    assert (_items(loaded), _counts(loaded)) == ([0, 1], [(2, 2, 0, 0, "loaded", "")])
    assert rows(loaded, "SELECT COUNT(*) FROM songplays") == [(2,)]


def test_a_reject_that_returns_finds_its_replay_again(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    loaded = load(tmp_path)
    _give(tmp_path, FIXED)
    resolved = picture(loaded)
    contents: list[list[Any]] = [[event()], [event(), BAD], [event(), BAD, event(itemInSession=5)]]
    for content in contents:
        write_lines(path, content)
        load(tmp_path)
        assert _open(loaded) == 0
        assert _items(loaded) == [0, *([1] if BAD in content else []), *([5] if len(content) == 3 else [])]
    write_lines(path, [event(), BAD])
    load(tmp_path)
    assert picture(loaded) == resolved


def test_replays_and_prune(tmp_path: Path) -> None:
    """The rows of a replay go with their file, and come back with it."""
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    write_lines(tmp_path / "logs/b.json", [event(itemInSession=8)])
    loaded = load(tmp_path)
    _give(tmp_path, FIXED)
    resolved = picture(loaded)
    path.rename(tmp_path / "kept.json")
    done = sparkify("etl", "--prune", "--logs", "logs", "--warehouse", url_of(loaded), cwd=tmp_path, env=settings())
    assert done.returncode == 0, done.stderr
    assert _items(loaded) == [8]
    (tmp_path / "kept.json").rename(path)
    load(tmp_path)
    assert picture(loaded) == resolved


def test_replays_and_full_refresh(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), BAD, "noise"])
    write_lines(tmp_path / "songs/a.json", [song()])
    loaded = load(tmp_path, max_rejects="90%")
    _give(tmp_path, FIXED, rejects=(_first_reject(tmp_path),))
    resolved = picture(loaded)
    refresh = ("etl", "--full-refresh", "--logs", "logs", "--songs", "songs", "--warehouse", url_of(loaded))
    done = sparkify(*refresh, cwd=tmp_path, env=settings())
    assert done.returncode == 0, done.stderr
    assert picture(loaded) == resolved


Step = Callable[[Path], None]


def _append(folder: Path) -> None:
    """Lines come to the file, and it is loaded."""
    path = folder / "logs/a.json"
    path.write_text(path.read_text("utf-8") + json.dumps(event(itemInSession=7)) + "\n" + OTHER + "\n", "utf-8")
    load(folder, max_rejects="90%")


def _correct(folder: Path) -> None:
    """The second record is corrected where it stands, and the file is loaded."""
    path = folder / "logs/a.json"
    path.write_text(path.read_text("utf-8").replace(OTHER, json.dumps(event(itemInSession=2)), 1), "utf-8")
    load(folder, max_rejects="90%")


def _fix(folder: Path) -> None:
    """The first reject is replayed."""
    _give(folder, FIXED, event(itemInSession=9), rejects=(_first_reject(folder),))


def test_the_order_of_replay_correction_and_append_makes_no_difference(tmp_path: Path) -> None:
    found = []
    for number, steps in enumerate(permutations((_append, _correct, _fix))):
        folder = tmp_path / "same"  # the URI of the file is part of the picture
        folder.mkdir(exist_ok=True)
        write_lines(folder / "logs/a.json", [event(), BAD, OTHER])
        place = load(folder, max_rejects="90%")
        for step in steps:
            step(folder)
        found.append((_items(place), _counts(place), _open(place), picture(place)))
        folder.rename(tmp_path / f"done{number}")
        if not isinstance(place, Path):
            meddle(place, _drop_schema(place))
    assert found[0][:3] == ([0, 1, 2, 7, 9], [(5, 3, 2, 2, "loaded", "")], 1)
    assert all(other == found[0] for other in found[1:])


def _drop_schema(url: str) -> str:
    return f"DROP SCHEMA {url.rpartition('schema=')[2]} CASCADE"


def test_equal_rejects_are_told_apart_by_their_number(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [BAD, event(), BAD])
    loaded = load(tmp_path, max_rejects="90%")
    _give(tmp_path, FIXED, rejects=("1-2",))
    write_lines(path, [event(), BAD])
    load(tmp_path)
    assert (_items(loaded), _open(loaded)) == ([0], 1)  # it is the first of its kind now
    write_lines(path, [BAD, BAD, event()])
    load(tmp_path)
    assert rows(loaded, "SELECT reject_no, resolved_by FROM etl_rejects ORDER BY 1") == [(1, None), (2, 1)]
    assert _items(loaded) == [0, 1]


def test_one_reject_takes_any_number_of_records(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), "noise", BAD])
    loaded = load(tmp_path, max_rejects="90%")
    _give(tmp_path, *(event(itemInSession=at) for at in (3, 4, 5)), rejects=(_first_reject(tmp_path, "noise"),))
    assert (_items(loaded), _counts(loaded)) == ([0, 3, 4, 5], [(3, 1, 2, 3, "loaded", "")])
    _give(tmp_path)
    assert (_items(loaded), _open(loaded)) == ([0, 3, 4, 5], 0)


def test_several_rejects_take_one_record_each_in_order(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), BAD])
    write_lines(tmp_path / "logs/b.json", [event(itemInSession=8), OTHER])
    loaded = load(tmp_path, max_rejects="90%")
    fixed = write_lines(tmp_path / "fixed.json", [event(itemInSession=4), event(itemInSession=3)])
    names = (_first_reject(tmp_path, OTHER), _first_reject(tmp_path, BAD))
    assert "twice" in _replay(tmp_path, "--from", str(fixed), names[0], names[0], code=2).stderr
    _replay(tmp_path, "--from", str(fixed), *names)
    found = rows(
        loaded,
        'SELECT f.uri, s."itemInSession" FROM staging_events AS s JOIN etl_files AS f ON f.file_id = s.file_id',
    )
    assert sorted((uri[-6:], item) for uri, item in found) == [
        ("a.json", 0),
        ("a.json", 3),
        ("b.json", 4),
        ("b.json", 8),
    ]


@pytest.mark.parametrize("wrong", [BAD, "noise"])
def test_all_records_must_be_accepted(tmp_path: Path, wrong: str) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), BAD])
    loaded = load(tmp_path)
    before = picture(loaded)
    fixed = write_lines(tmp_path / "fixed.json", [FIXED, wrong])
    done = _replay(tmp_path, "--from", str(fixed), code=3)
    assert "1 of 2 records in" in done.stderr
    assert "line 2" in done.stderr
    assert picture(loaded) == before
    assert rows(loaded, "SELECT COUNT(*) FROM etl_replays") == [(0,)]


def test_resolved_rejects_do_not_count_towards_max_rejects(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    loaded = load(tmp_path)
    _give(tmp_path, FIXED)
    write_lines(path, [event(), BAD, event(itemInSession=7)])
    load(tmp_path, max_rejects="0")
    assert _items(loaded) == [0, 1, 7]


def test_rejected_files_are_read_again_wherever_they_are(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    write_lines(tmp_path / "logs/b.json", [event(itemInSession=8)])
    loaded = load(tmp_path)
    write_lines(path, [event(), FIXED])
    write_lines(tmp_path / "logs/c.json", [event(itemInSession=9)])
    _replay(tmp_path)
    assert (_items(loaded), _open(loaded)) == ([0, 1, 8], 0)


def test_a_file_that_is_gone_keeps_its_rows_and_its_rejects(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(), BAD])
    loaded = load(tmp_path)
    path.unlink()
    _replay(tmp_path)
    assert (_items(loaded), _open(loaded)) == ([0], 1)
    _give(tmp_path, FIXED)
    assert (_items(loaded), _open(loaded)) == ([0, 1], 0)


def test_a_replay_of_all_rejects_of_a_failed_file_ends_its_failure(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [BAD, OTHER])
    write_lines(tmp_path / "logs/b.json", [event(), event(itemInSession=3), event(itemInSession=4)])
    loaded = load(tmp_path, max_rejects="90%")
    uri = path.as_uri()
    meddle(loaded, f"UPDATE etl_files SET state = 'failed', failure = 'holds no record' WHERE uri = '{uri}'")
    _give(tmp_path, FIXED, rejects=(_first_reject(tmp_path),))
    assert _counts(loaded)[0] == (2, 0, 2, 1, "failed", "holds no record")
    _give(tmp_path, event(itemInSession=2), rejects=(_first_reject(tmp_path, OTHER),))
    assert _counts(loaded)[0] == (2, 0, 2, 2, "loaded", "")
    write_lines(path, [BAD, "", OTHER])
    load(tmp_path, max_rejects="0")
    assert (_items(loaded), _counts(loaded)[0]) == ([0, 1, 2, 3, 4], (2, 0, 2, 2, "loaded", ""))
