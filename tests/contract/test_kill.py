"""Killed at any moment, or failing in any stage: the next run completes the work, row for row."""

from __future__ import annotations

import os
import random
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from tests import forked
from tests.support import (
    DUCKDB,
    LONG,
    EngineUnderTest,
    event,
    load,
    meddle,
    picture,
    rows,
    url_of,
    warehouse,
    write_lines,
    write_messy_input,
)

from sparkify.errors import CheckFailed
from sparkify.etl import load as loading
from sparkify.etl import reading
from sparkify.sources import files
from sparkify.sources import local as folders
from sparkify.star import prepared
from sparkify.warehouse import runs
from sparkify.warehouse import settings as stored

KILLS = 3
HISTORIES = 60 if LONG else 10
CHUNK_FILES = 3


def _start(folder: Path) -> BaseProcess:
    """Begin a load of a folder."""
    sources: dict[str, Any] = {kind: str(folder / kind) for kind in ("logs", "songs")}
    return forked.begin_etl(url_of(warehouse(folder)), **sources, chunk_files=CHUNK_FILES, max_rejects="100%")


@pytest.fixture(scope="module")
def seconds_of_a_run(engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Of the second of two, for the first may find a server that has only begun."""
    for name in ("first", "second"):
        folder = tmp_path_factory.mktemp(name)
        write_messy_input(folder, 0)
        child = _start(folder)
        start = time.monotonic()
        child.join()
        assert child.exitcode == 0
    return time.monotonic() - start


@pytest.mark.only.with_args(lambda given: given["engine"] == DUCKDB or given["seed"] < HISTORIES // 10)
@pytest.mark.parametrize("seed", range(HISTORIES))
def test_killed_at_random_and_run_again_gives_the_undisturbed_warehouse(
    seconds_of_a_run: float, tmp_path: Path, seed: int
) -> None:
    lines = write_messy_input(tmp_path, seed)
    chance = random.Random(seed)
    for _ in range(KILLS):
        child = _start(tmp_path)
        time.sleep(chance.uniform(0, seconds_of_a_run))
        child.kill()
        child.join()
    disturbed = load(tmp_path, chunk_files=CHUNK_FILES, max_rejects="100%")
    assert picture(disturbed) == picture(load(tmp_path, "undisturbed", max_rejects="100%"))
    assert rows(disturbed, "SELECT SUM(records), SUM(loaded) + SUM(rejected) FROM etl_files") == [(lines, lines)]
    states = {state for (state,) in rows(disturbed, "SELECT state FROM etl_runs")}
    assert states <= {"done", "interrupted"}


def test_some_of_the_kills_hit_a_run_under_way(tmp_path: Path, seconds_of_a_run: float) -> None:
    """Otherwise the test above would show nothing."""
    write_messy_input(tmp_path, 1)
    loaded = load(tmp_path, max_rejects="100%")
    for seed, part in enumerate((0.5, 0.3, 0.7, 0.4, 0.6), 2):
        write_messy_input(tmp_path, seed)
        child = _start(tmp_path)
        time.sleep(seconds_of_a_run * part)
        child.kill()
        child.join()
        if rows(loaded, "SELECT state FROM etl_runs ORDER BY run_id")[-1] == ("running",):
            return
    pytest.fail("all of them came before the run or after it")


STAGES = [
    (files, "hashes_of"),
    (reading.ChunkReader, "read"),
    (loading.ChunkLoader, "load"),
    (loading.ChunkLoader, "forget"),
    (prepared.StarUpdate, "transform"),
    (prepared.StarUpdate, "check"),
    (prepared.StarUpdate, "drop_temporary"),
    (runs.RunLog, "add"),
    (stored, "store_settings"),
    (folders.Folder, "is_still"),
]


def test_an_exception_in_a_stage_undoes_the_chunk(tmp_path: Path) -> None:
    """One warehouse goes through all of them; each chunk that failed is loaded before the next one fails."""
    write_messy_input(tmp_path, 3)
    loaded = load(tmp_path, max_rejects="100%")
    for number, (owner, name) in enumerate(STAGES, 1):
        before = picture(loaded)
        os.utime(write_lines(tmp_path / "logs/0.json", [event(itemInSession=100 + number)]), (number, number))
        os.utime(tmp_path / "logs/1.json", (number, number))  # another tag, the same content: it is hashed
        _fails(tmp_path, owner, name)
        after = picture(loaded)
        assert {table for table in before if before[table] != after[table]} <= {"etl_files"}, name
        assert rows(loaded, "SELECT state, reason FROM etl_runs ORDER BY run_id")[-1] == (
            "failed",
            f"planted in {name}",
        )
        load(tmp_path, max_rejects="100%")
    assert picture(loaded) == picture(load(tmp_path, "undisturbed", max_rejects="100%"))


def _fails(folder: Path, owner: object, name: str) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise OSError(f"planted in {name}")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, name, fail)
        with pytest.raises(OSError, match=f"planted in {name}"):
            load(folder, max_rejects="100%")


def test_a_blocking_check_undoes_the_chunk_and_shows_the_rows(tmp_path: Path) -> None:
    write_messy_input(tmp_path, 4)
    loaded = load(tmp_path, max_rejects="100%")
    ((user,),) = rows(loaded, "SELECT MIN(user_id) FROM users")
    write_lines(tmp_path / "logs/new.json", [event(itemInSession=77, userId=user)])
    meddle(
        loaded,
        "INSERT INTO users_history (user_id, level, valid_from, current) "
        f"SELECT user_id, 'never seen', TIMESTAMP '2100-01-01 00:00:00', TRUE FROM users WHERE user_id = {user}",
    )
    before = picture(loaded)
    with pytest.raises(CheckFailed, match="history_agrees") as caught:
        load(tmp_path, max_rejects="100%")
    assert "current_level='never seen'" in caught.value.hint
    assert picture(loaded) == before
    load(tmp_path, max_rejects="100%", full_refresh=True)
    assert picture(loaded) == picture(load(tmp_path, "undisturbed", max_rejects="100%"))
