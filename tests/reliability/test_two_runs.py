"""Two runs in one process: the second is told that another is at work, and takes no number."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support import event, song, write_lines

import sparkify
from sparkify.errors import WarehouseError
from sparkify.etl.summary import Progress, Summary

Etl = Callable[..., Summary]


@contextmanager
def _at_work(etl: Etl, given: dict[str, Any]) -> Iterator[None]:
    """A run of another thread that is about to commit for as long as the block lasts."""
    begun, ends = threading.Event(), threading.Event()

    def wait(progress: Progress) -> None:
        if progress.step == "transform" and not begun.is_set():
            begun.set()
            ends.wait(60)

    with ThreadPoolExecutor(1, thread_name_prefix="first") as thread:
        run = thread.submit(etl, **given, report=wait)
        try:
            assert begun.wait(60)
            yield
        finally:
            ends.set()
        assert run.result().chunks == 1


@pytest.mark.parametrize("shared", [False, True], ids=["two connections", "one connection"])
def test_the_second_is_told(tmp_path: Path, shared: bool) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    write_lines(tmp_path / "songs/x.json", [song()])
    given: dict[str, Any] = {"logs": str(tmp_path / "logs"), "songs": str(tmp_path / "songs")}
    url = f"duckdb:///{tmp_path}/w.duckdb"
    with sparkify.connect(url) as one, sparkify.connect(url) as other:
        with (
            _at_work(one.etl, given),
            pytest.raises(WarehouseError, match="another run is at work in the warehouse: in"),
        ):
            (one if shared else other).etl(**given)
        assert other.etl(**given).run_id == 2, "the lock is free again"
        assert one.query("SELECT run_id, state FROM etl_runs ORDER BY 1").rows == [(1, "done"), (2, "done")]


def test_a_run_that_failed_holds_no_lock(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    write_lines(tmp_path / "songs/x.json", [song()])
    given: dict[str, Any] = {"logs": str(tmp_path / "logs"), "songs": str(tmp_path / "songs")}

    def fail(progress: Progress) -> None:
        if progress.step == "transform":
            raise RuntimeError

    with sparkify.connect(f"duckdb:///{tmp_path}/w.duckdb") as one:
        with pytest.raises(RuntimeError):
            one.etl(**given, report=fail)
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(one.etl, **given).result().files_loaded == 2
