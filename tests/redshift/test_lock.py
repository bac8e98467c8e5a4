"""The writer's lock: who comes second is told who is at work, and readers wait for nobody."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.redshift.driver import Run
from tests.redshift.history import command
from tests.redshift.standin import RedshiftStandIn
from tests.redshift.standin.faults import serializable_violation
from tests.redshift.standin.wire import ServerError
from tests.support import event, song, write_lines

import sparkify
from sparkify.doctor import diagnose
from sparkify.engines.base import Access
from sparkify.engines.redshift import lock
from sparkify.engines.registry import connect
from sparkify.errors import WarehouseError
from sparkify.etl.summary import Progress, Summary
from sparkify.reports.analyze import holdings

QUICK_SECONDS = 20
"""Far longer than what must not wait takes, and far shorter than the run that it must not wait for."""


@pytest.fixture
def warehouse(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The URL of an empty warehouse, with something to load in the working folder."""
    monkeypatch.setenv("PGPASSWORD", redshift.password)
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", redshift.role)
    monkeypatch.setenv("SPARKIFY_COPY_SPOOL", f"s3://{redshift.bucket}/spool")
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "logs/a.json", [event()])
    write_lines(tmp_path / "songs/x.json", [song()])
    return redshift.url


def _etl(url: str, wait: Iterator[None] | None = None) -> Summary:
    def report(progress: Progress) -> None:
        if wait and progress.step == "commit":
            next(wait, None)

    with sparkify.connect(url) as connection:
        return connection.etl(logs="logs", songs="songs", report=report)


@contextmanager
def _at_work(url: str) -> Iterator[None]:
    """A run that is about to commit for as long as the block lasts."""
    begun, ends = threading.Event(), threading.Event()

    def wait() -> Iterator[None]:
        begun.set()
        ends.wait(120)
        yield

    with ThreadPoolExecutor(1) as thread:
        run = thread.submit(_etl, url, wait())
        try:
            assert begun.wait(120)
            yield
        finally:
            ends.set()
        assert run.result().chunks == 1


def test_the_second_run_is_told_who_is_at_work_and_readers_do_not_wait(warehouse: str, run: Run) -> None:
    _etl(warehouse)
    write_lines(Path("logs/b.json"), [event(sessionId=2)])
    with _at_work(warehouse):
        with pytest.raises(
            WarehouseError, match=rf"another run is at work.*run 2 on .* \(process {os.getpid()}\), since"
        ):
            _etl(warehouse)
        start = time.monotonic()
        for arguments in (("status",), ("runs",), ("rejects", "list"), ("plan", "--logs", "logs", "--songs", "songs")):
            command(*arguments, "--warehouse", warehouse)
        with closing(connect(warehouse, Access(read_only=True))) as engine:
            assert holdings(engine)["songplays"] == 1
        found = {item.check: item for item in diagnose({"warehouse": warehouse, "logs": "logs", "songs": "songs"})}
        assert time.monotonic() - start < QUICK_SECONDS
        assert "another run is at work: run 2 on " in found["writer"].found
        assert found["writable"].state == "skipped"
    assert run("SELECT run_id, state FROM etl_runs ORDER BY run_id") == [(1, "done"), (2, "done")]
    assert run(f"SELECT COUNT(*) FROM {lock.TABLE}") == [(0,)]


def test_runs_that_start_together_have_numbers_of_their_own(warehouse: str, run: Run) -> None:
    """Some may be told that another is at work; none is marked as interrupted, and no number is there twice."""

    def attempt(_number: int) -> str:
        try:
            return f"run {_etl(warehouse).run_id}"
        except WarehouseError as error:
            assert "another run is at work" in error.what
            return "refused"

    with ThreadPoolExecutor(3) as threads:
        ends = list(threads.map(attempt, range(3)))
    done = sorted(end for end in ends if end != "refused")
    assert done
    assert run("SELECT run_id, state FROM etl_runs ORDER BY run_id") == [
        (number, "done") for number in range(1, len(done) + 1)
    ]


def test_the_lock_of_a_killed_run_is_free(warehouse: str, run: Run) -> None:
    code = (
        "import os, signal, sys; from sparkify.engines.registry import connect\n"
        "with connect(sys.argv[1]).writing(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, warehouse], check=False).returncode == -signal.SIGKILL
    assert run(f"SELECT COUNT(*) FROM {lock.TABLE}") == [(1,)]
    with closing(connect(warehouse, Access(read_only=True))) as engine:
        assert engine.writer() == ""
    assert _etl(warehouse).run_id == 1


def test_a_run_that_loses_its_lock_commits_nothing(warehouse: str, redshift: RedshiftStandIn, run: Run) -> None:
    _etl(warehouse)
    write_lines(Path("logs/b.json"), [event(sessionId=2)])
    redshift.faults.cut("^SELECT 1$")
    with pytest.raises(WarehouseError, match="the writer's lock was lost"):
        _etl(warehouse)
    assert run("SELECT COUNT(*) FROM songplays") == [(1,)]
    _etl(warehouse)
    assert run("SELECT COUNT(*) FROM songplays") == [(2,)]


CONFLICTS = [
    serializable_violation(),
    ServerError("XX000", "1018", "Relation does not exist: 1"),
    ServerError("XX000", "Transaction could not complete because of conflict with concurrent transaction"),
    ServerError("40001", "whatever it says"),
    ServerError("40P01", "deadlock detected"),
]
NO_CONFLICTS = [
    ServerError("XX000", "Spectrum Scan Error", "a Parquet value is 1023, and not 1018"),
    ServerError("22001", "1023 is too long"),
    ServerError("42P01", "could not complete because of conflict with concurrent transaction"),
]


@pytest.mark.parametrize("error", [*CONFLICTS, *NO_CONFLICTS], ids=lambda error: f"{error.code} {error.message}"[:40])
def test_what_is_a_conflict(warehouse: str, redshift: RedshiftStandIn, run: Run, error: ServerError) -> None:
    redshift.faults.fail(r"^insert into \"?songplays", error)
    if error in CONFLICTS:
        _etl(warehouse)
        assert run("SELECT COUNT(*) FROM songplays") == [(1,)]
    else:
        with pytest.raises(WarehouseError, match=re.escape(error.message)):
            _etl(warehouse)
