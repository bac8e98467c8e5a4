"""Killed at any moment, out of disk, or failing in any stage: the next run completes the work, row for row."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support import LONG, event, load, picture, rows, song, write_lines

from sparkify import loading, manifest, pipeline, prepared, sources, staging
from sparkify import warehouse as warehouse_books
from sparkify.errors import CheckFailed, SparkifyError

KILLS = 3
HISTORIES = 60 if LONG else 10
CHUNK_FILES = 3

CHILD = """
import sys, sparkify
folder, chunk_files = sys.argv[1:]
with sparkify.connect(f"duckdb:///{folder}/w.duckdb") as warehouse:
    print("begun", flush=True)
    warehouse.etl(logs=folder + "/logs", songs=folder + "/songs", chunk_files=int(chunk_files), max_rejects="100%")
"""


def _write_input(folder: Path, seed: int) -> int:
    """Files with duplicates, bad lines and catalogued songs; the number of records comes back."""
    chance = random.Random(seed)
    lines = 0
    for number in range(12):
        plays = [
            event(
                userId=str(chance.randint(1, 5)),
                sessionId=chance.randint(1, 4),
                itemInSession=chance.randint(0, 20),
                ts=1541121934796 + chance.randint(0, 50),
                song=f"Song {chance.randint(1, 9)}",
            )
            for _ in range(chance.randint(1, 60))
        ]
        content = [json.dumps(play) for play in plays] + ["bad"] * chance.randint(0, 2)
        write_lines(folder / f"logs/{number}.json", content)
        lines += len(content)
    for number in range(6):
        write_lines(folder / f"songs/{number}.json", [song(song_id=f"SO{number}", title=f"Song {number}")])
    return lines + 6


def _start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(folder), str(CHUNK_FILES)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout
    assert child.stdout.readline() == "begun\n"
    return child


@pytest.fixture(scope="module")
def seconds_of_a_run(tmp_path_factory: pytest.TempPathFactory) -> float:
    folder = tmp_path_factory.mktemp("undisturbed")
    _write_input(folder, 0)
    with _start(folder) as child:
        start = time.monotonic()
        assert child.wait() == 0
    return time.monotonic() - start


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_killed_at_random_and_run_again_gives_the_undisturbed_warehouse(
    tmp_path: Path, seed: int, seconds_of_a_run: float
) -> None:
    lines = _write_input(tmp_path, seed)
    chance = random.Random(seed)
    for _ in range(KILLS):
        with _start(tmp_path) as child:
            time.sleep(chance.uniform(0, seconds_of_a_run))
            child.send_signal(signal.SIGKILL)
            child.wait()
    disturbed = load(tmp_path, chunk_files=CHUNK_FILES, max_rejects="100%")
    assert picture(disturbed) == picture(load(tmp_path, "undisturbed.duckdb", max_rejects="100%"))
    assert rows(disturbed, "SELECT SUM(records), SUM(loaded) + SUM(rejected) FROM etl_files") == [(lines, lines)]
    states = {state for (state,) in rows(disturbed, "SELECT state FROM etl_runs")}
    assert states <= {"done", "interrupted"}


def test_some_of_the_kills_hit_a_run_under_way(tmp_path: Path, seconds_of_a_run: float) -> None:
    """Otherwise the test above would show nothing."""
    _write_input(tmp_path, 1)
    with _start(tmp_path) as child:
        time.sleep(seconds_of_a_run / 2)
        child.kill()
    assert rows(tmp_path / "w.duckdb", "SELECT state FROM etl_runs") == [("running",)]


def test_a_full_disk_leaves_the_last_committed_chunk(tmp_path: Path) -> None:
    _write_input(tmp_path, 2)
    limited = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, {resource.RLIM_INFINITY}))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )
    for number in range(4):
        plays = [event(sessionId=number, itemInSession=item, song=f"{item}-{number}") for item in range(20_000)]
        write_lines(tmp_path / f"logs/large-{number}.json", plays)
    command = [sys.executable, "-c", limited + CHILD, str(tmp_path), "1"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    assert "File too large" in failed.stderr or "full" in failed.stderr or "write" in failed.stderr
    warehouse = load(tmp_path, max_rejects="100%")
    assert picture(warehouse) == picture(load(tmp_path, "undisturbed.duckdb", max_rejects="100%"))


STAGES = [
    (manifest, "hash_of"),
    (staging.Stager, "stage"),
    (loading.ChunkLoader, "load"),
    (loading.ChunkLoader, "forget"),
    (prepared.Prepared, "transform"),
    (prepared.Prepared, "check"),
    (prepared.Prepared, "drop_temporary"),
    (warehouse_books.RunBook, "add"),
    (pipeline, "store_settings"),
    (pipeline, "current_tag"),
]


@pytest.mark.parametrize(("owner", "name"), STAGES, ids=lambda value: getattr(value, "__name__", value))
def test_an_exception_in_a_stage_undoes_the_chunk(
    tmp_path: Path, owner: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_input(tmp_path, 3)
    warehouse = load(tmp_path, max_rejects="100%")
    before = picture(warehouse)
    os.utime(write_lines(tmp_path / "logs/0.json", [event(itemInSession=99)]), (1, 1))
    os.utime(tmp_path / "logs/1.json", (1, 1))  # another tag, the same content: it is hashed

    def fail(*_arguments: object, **_named: object) -> None:
        raise OSError("planted")

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, fail)
        with pytest.raises(OSError, match="planted"):
            load(tmp_path, max_rejects="100%")
    assert {name: table for name, table in picture(warehouse).items() if name != "etl_files"} == {
        name: table for name, table in before.items() if name != "etl_files"
    }
    assert rows(warehouse, "SELECT state, reason FROM etl_runs ORDER BY run_id")[-1] == ("failed", "planted")
    load(tmp_path, max_rejects="100%")
    assert picture(warehouse) == picture(load(tmp_path, "undisturbed.duckdb", max_rejects="100%"))


def test_a_blocking_check_undoes_the_chunk_and_shows_the_rows(tmp_path: Path) -> None:
    import duckdb

    _write_input(tmp_path, 4)
    warehouse = load(tmp_path, max_rejects="100%")
    with duckdb.connect(str(warehouse)) as connection:  # somebody meddles
        connection.execute("DELETE FROM songplays WHERE songplay_id IN (SELECT MIN(songplay_id) FROM songplays)")
    before = picture(warehouse)
    write_lines(tmp_path / "logs/new.json", [event(itemInSession=77)])
    with pytest.raises(CheckFailed, match="matches_counted") as caught:
        load(tmp_path, max_rejects="100%")
    assert "songplays=" in caught.value.hint
    assert picture(warehouse) == before
    load(tmp_path, max_rejects="100%", full_refresh=True)
    assert picture(warehouse) == picture(load(tmp_path, "undisturbed.duckdb", max_rejects="100%"))


def test_a_second_etl_ends_at_once_and_names_the_first(tmp_path: Path) -> None:
    _write_input(tmp_path, 5)
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print(); time.sleep(60)",
         str(tmp_path / "w.duckdb")],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    with holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(SparkifyError, match=rf"in use by process {holder.pid}"):
            load(tmp_path)
        holder.kill()
    load(tmp_path, max_rejects="100%")


@pytest.mark.parametrize("padding", [0, staging.PACKED_BELOW], ids=["small", "large"])
def test_a_file_that_keeps_changing_fails_by_name_after_one_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, padding: int
) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event()])
    warehouse = load(tmp_path)
    readings = 0
    real = sources.OpenFile.readinto

    def changing(self: sources.OpenFile, buffer: memoryview) -> int:
        nonlocal readings
        count = real(self, buffer)
        if count == 0:
            readings += 1
            os.utime(path, (readings, readings))
        return count

    write_lines(
        path, [event(itemInSession=50), event(userAgent="x" * 60_000, itemInSession=51)] * (1 + padding // 60_000)
    )
    monkeypatch.setattr(sources.OpenFile, "readinto", changing)
    with pytest.raises(SparkifyError, match=r"a\.json keeps changing"):
        load(tmp_path)
    assert readings == 2
    assert rows(warehouse, "SELECT songplay_id FROM songplays") == [("1-1-0",)]


def test_a_file_that_changes_before_it_is_loaded_is_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(itemInSession=item) for item in range(2000)])
    real = loading.ChunkLoader.load
    changes = iter([1])

    def changing(self: loading.ChunkLoader, staged: staging.Staged, stager: staging.Stager) -> None:
        for _ in changes:
            write_lines(path, [event(itemInSession=item, level="paid") for item in range(3000)])
        real(self, staged, stager)

    monkeypatch.setattr(loading.ChunkLoader, "load", changing)
    warehouse = load(tmp_path)
    assert rows(warehouse, "SELECT DISTINCT level FROM songplays") == [("paid",)]
    assert rows(warehouse, "SELECT records, loaded FROM etl_files") == [(3000, 3000)]
