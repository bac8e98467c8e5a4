"""Folders are followed: what arrives is loaded in batches, and failures that pass are tried again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support import EngineUnderTest, event, load, picture, rows, song, url_of, warehouse, write_lines

import sparkify
from sparkify.errors import SparkifyError, TooManyRejects, UsageError
from sparkify.etl.follow import Watcher
from sparkify.etl.session import Commit
from sparkify.etl.summary import Summary


class Seen(Watcher):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.failures: list[str] = []

    def committed(self, commit: Commit) -> None:
        self.commits.append(commit)

    def failed(self, error: SparkifyError, pause: float) -> None:
        self.failures.append(error.what)


def _follow(folder: Path, **settings: Any) -> Iterator[Summary]:
    sources = {kind: str(folder / kind) for kind in ("logs", "songs") if (folder / kind).is_dir()}
    given = {"every": 0.05, "songs_every": 0.05, **sources, **settings}
    return sparkify.follow(url_of(warehouse(folder)), **given)


def test_what_arrives_is_loaded_and_nothing_is_loaded_twice(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/0.json", [event()])
    write_lines(tmp_path / "songs/0.json", [song()])
    loaded = []
    for number, summary in enumerate(_follow(tmp_path), 1):
        loaded.append((summary.loaded["events"], summary.loaded["songs"], summary.files_grown))
        if number == 1:
            write_lines(tmp_path / "logs/1.json", [event(itemInSession=1), event(itemInSession=2)])
        elif number == 2:
            with (tmp_path / "logs/1.json").open("a") as log:
                log.write(json.dumps(event(itemInSession=3)) + "\n")
        elif number == 3:
            write_lines(tmp_path / "songs/1.json", [song(song_id="SO2", title="Another")])
        else:
            break
    assert loaded == [(1, 1, 0), (2, 0, 0), (1, 0, 1), (0, 1, 0)]
    assert picture(warehouse(tmp_path)) == picture(load(tmp_path, "once"))


def test_all_batches_are_one_row_of_the_history(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/0.json", [event()])
    for number, _ in enumerate(_follow(tmp_path), 1):
        if number == 3:
            break
        write_lines(tmp_path / f"logs/{number}.json", [event(itemInSession=number)])
    found = rows(warehouse(tmp_path), "SELECT run_id, state, files, records FROM etl_runs")
    assert found == [(1, "done", 3, 3)]


def test_other_commands_write_between_two_batches(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/0.json", [event()])
    for number, summary in enumerate(_follow(tmp_path), 1):
        if number == 1:
            write_lines(tmp_path / "logs/1.json", [event(itemInSession=1)])
            load(tmp_path, "w")
            write_lines(tmp_path / "logs/2.json", [event(itemInSession=2)])
        else:
            assert (summary.files_loaded, summary.files_unchanged) == (1, 2)
            break
    assert rows(warehouse(tmp_path), "SELECT COUNT(*) FROM songplays") == [(3,)]
    assert rows(warehouse(tmp_path), "SELECT state FROM etl_runs ORDER BY run_id") == [("done",), ("done",)]


def test_an_end_that_is_asked_for_comes_between_two_batches(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/0.json", [event()])
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    begun = time.monotonic()
    assert len(list(_follow(tmp_path, every=60.0, stop=stop.is_set))) == 1
    assert 0.9 < time.monotonic() - begun < 20


def test_a_chunk_is_the_last_one_once_an_end_is_asked_for(tmp_path: Path) -> None:
    for number in range(6):
        write_lines(tmp_path / f"logs/{number}.json", [event(itemInSession=number)])
    seen = Seen()
    stops = _follow(tmp_path, watcher=seen, chunk_files=1, stop=lambda: len(seen.commits) >= 2)
    assert [summary.chunks for summary in stops] == [2]
    assert rows(warehouse(tmp_path), "SELECT COUNT(*) FROM staging_events") == [(2,)]
    load(tmp_path, "w")
    assert picture(warehouse(tmp_path)) == picture(load(tmp_path, "once"))


@contextmanager
def _held(engine: EngineUnderTest, folder: Path) -> Iterator[None]:
    """Another process, or another connection, holds the warehouse."""
    with sparkify.connect(url_of(warehouse(folder)), read_only=engine.name == "duckdb") as other:
        if engine.name == "duckdb":
            yield
        else:
            with other._engine.writing():
                yield


def test_whoever_holds_the_warehouse_is_waited_for(engine: EngineUnderTest, tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/0.json", [event()])
    seen = Seen()
    followed = _follow(tmp_path, watcher=seen)
    next(followed)
    write_lines(tmp_path / "logs/1.json", [event(itemInSession=1)])
    released = threading.Event()

    def hold() -> None:
        with _held(engine, tmp_path):
            while not seen.failures and not released.wait(0.05):
                pass

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        while not thread.is_alive():
            time.sleep(0.01)
        time.sleep(0.3)
        assert next(followed).files_loaded == 1
    finally:
        released.set()
        thread.join()
    assert len(seen.failures) == 1
    assert any(word in seen.failures[0] for word in ("is open in this process", "in use", "another run is at work"))


def test_what_does_not_pass_ends_it(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/0.json", [event()])
    followed = _follow(tmp_path, max_rejects="1")
    next(followed)
    write_lines(tmp_path / "logs/1.json", [event(itemInSession=1), event(ts="soon"), event(ts="later")])
    with pytest.raises(TooManyRejects, match="2 of 4"):
        next(followed)
    assert rows(warehouse(tmp_path), "SELECT COUNT(*) FROM staging_events") == [(1,)]
    with pytest.raises(UsageError, match="unknown setting"):
        next(_follow(tmp_path, unknown="x"))


def test_failed_files_do_not_end_it(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/0.json", ["<html>"])
    for number, summary in enumerate(_follow(tmp_path), 1):
        assert len(summary.failed_files) == 1
        if number == 2:
            break
        write_lines(tmp_path / "logs/1.json", [event()])
    assert rows(warehouse(tmp_path), "SELECT COUNT(*) FROM songplays") == [(1,)]


def test_only_the_latest_records_count_towards_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparkify.etl.follow.LATEST_RECORDS", 100)
    bad = [event(ts="soon")]
    good = [event(itemInSession=number) for number in range(60)]
    write_lines(tmp_path / "logs/0.json", bad + good)
    followed = _follow(tmp_path, max_rejects="1")
    next(followed)
    for number in range(1, 4):
        write_lines(tmp_path / f"logs/{number}.json", good)
        next(followed)
    write_lines(tmp_path / "logs/x.json", bad + good)
    assert next(followed).rejected == 1
    write_lines(tmp_path / "logs/y.json", bad)
    with pytest.raises(TooManyRejects, match="2 of"):
        next(followed)


def test_an_empty_folder_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    seen = Seen()
    threading.Timer(0.5, write_lines, [tmp_path / "logs/0.json", [event()]]).start()
    assert next(_follow(tmp_path, watcher=seen)).files_loaded == 1
    assert "no JSON" in seen.failures[0]
