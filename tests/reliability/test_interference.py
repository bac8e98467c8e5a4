"""The disk is full, another process holds the warehouse, or files change while they are read."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support import event, load, picture, rows, write_lines, write_messy_input

from sparkify.errors import SparkifyError
from sparkify.etl import load as loading
from sparkify.reader import examine
from sparkify.sources import open as opening

CHILD = """
import sys, sparkify
url, folder, chunk_files = sys.argv[1:]
with sparkify.connect(url) as warehouse:
    warehouse.etl(logs=folder + "/logs", songs=folder + "/songs", chunk_files=int(chunk_files), max_rejects="100%")
"""


def test_a_full_disk_leaves_the_last_committed_chunk(tmp_path: Path) -> None:
    write_messy_input(tmp_path, 2)
    limited = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, {resource.RLIM_INFINITY}))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )
    for number in range(4):
        plays = [event(sessionId=number, itemInSession=item, song=f"{item}-{number}") for item in range(20_000)]
        write_lines(tmp_path / f"logs/large-{number}.json", plays)
    command = [sys.executable, "-c", limited + CHILD, f"duckdb:///{tmp_path}/w.duckdb", str(tmp_path), "1"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    assert "File too large" in failed.stderr or "full" in failed.stderr or "write" in failed.stderr
    warehouse = load(tmp_path, max_rejects="100%")
    assert picture(warehouse) == picture(load(tmp_path, "undisturbed", max_rejects="100%"))


def test_a_second_etl_ends_at_once_and_names_the_first(tmp_path: Path) -> None:
    write_messy_input(tmp_path, 5)
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


@pytest.mark.parametrize("padding", [0, examine.PACKED_BELOW], ids=["small", "large"])
def test_a_file_that_keeps_changing_fails_by_name_after_one_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, padding: int
) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event()])
    warehouse = load(tmp_path)
    readings = 0
    real = opening.OpenFile.readinto

    def changing(self: opening.OpenFile, buffer: memoryview) -> int:
        nonlocal readings
        count = real(self, buffer)
        if count == 0:
            readings += 1
            os.utime(path, (readings, readings))
        return count

    write_lines(
        path, [event(itemInSession=50), event(userAgent="x" * 60_000, itemInSession=51)] * (1 + padding // 60_000)
    )
    monkeypatch.setattr(opening.OpenFile, "readinto", changing)
    load(tmp_path)
    assert readings == 2
    failed = ("failed", "keeps changing while it is read", "", 1)
    assert rows(warehouse, "SELECT state, failure, content_tag, loaded FROM etl_files") == [failed]
    assert rows(warehouse, "SELECT songplay_id FROM songplays") == [("1541121934796-1-1-0",)]


def test_a_file_that_changes_before_it_is_loaded_is_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(itemInSession=item) for item in range(2000)])
    real = loading.ChunkLoader.load
    changes = iter([1])

    def changing(self: loading.ChunkLoader, *arguments: Any) -> None:
        for _ in changes:
            write_lines(path, [event(itemInSession=item, level="paid") for item in range(3000)])
        real(self, *arguments)

    monkeypatch.setattr(loading.ChunkLoader, "load", changing)
    warehouse = load(tmp_path)
    assert rows(warehouse, "SELECT DISTINCT level FROM songplays") == [("paid",)]
    assert rows(warehouse, "SELECT records, loaded FROM etl_files") == [(3000, 3000)]


def test_a_file_that_vanishes_before_it_is_loaded_is_named_by_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(itemInSession=item) for item in range(3000)])
    real = loading.ChunkLoader.load

    def gone(self: loading.ChunkLoader, *arguments: Any) -> None:
        path.unlink()
        real(self, *arguments)

    monkeypatch.setattr(loading.ChunkLoader, "load", gone)
    with pytest.raises(SparkifyError, match=rf"{path} cannot be read: no such file") as error:
        load(tmp_path)
    assert "spool" not in str(error.value)


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_corrupt_warehouse_is_called_corrupt(tmp_path: Path, damage: str) -> None:
    write_lines(tmp_path / "logs/a.json", [event(itemInSession=item, song=f"{item}") for item in range(20_000)])
    warehouse = load(tmp_path)
    with warehouse.open("r+b") as file:
        if damage == "cut":
            file.truncate(warehouse.stat().st_size // 2)
        else:
            file.seek(4096)
            file.write(b"\xff" * 8192)
    with pytest.raises(SparkifyError, match="the warehouse is corrupt") as error:
        load(tmp_path)
    assert "permissions" not in str(error.value)
