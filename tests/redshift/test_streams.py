"""What the Redshift engine holds in memory and on disk: rows come in batches, and Parquet files are in the spool."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.redshift.driver import Run
from tests.redshift.standin import RedshiftStandIn
from tests.support import event, song, write_lines

import sparkify
from sparkify.engines.base import Access
from sparkify.engines.redshift import address
from sparkify.engines.registry import connect
from sparkify.errors import UsageError, WarehouseError

NUMBERS = "SELECT a.n * 100 + b.n AS n FROM numbers AS a CROSS JOIN numbers AS b"


@pytest.fixture
def warehouse(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty warehouse."""
    monkeypatch.setenv("PGPASSWORD", redshift.password)
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", redshift.role)
    monkeypatch.setenv("SPARKIFY_COPY_SPOOL", f"s3://{redshift.bucket}/spool")
    yield redshift.url


def _input(folder: Path) -> dict[str, Any]:
    write_lines(folder / "logs/a.json", [event(itemInSession=number) for number in range(2000)])
    write_lines(folder / "songs/x.json", [song()])
    return {"logs": str(folder / "logs"), "songs": str(folder / "songs")}


def _folder(path: Path) -> str:
    path.mkdir()
    return str(path)


@pytest.mark.parametrize("in_snapshot", [False, True])
def test_rows_come_in_batches(warehouse: str, redshift: RedshiftStandIn, run: Run, in_snapshot: bool) -> None:
    run("CREATE TABLE numbers (n INT)")
    run("INSERT INTO numbers VALUES " + ", ".join(f"({number})" for number in range(100)))
    with closing(connect(warehouse, Access(read_only=True))) as engine:
        if in_snapshot:
            with engine.snapshot():
                batches = list(engine.stream(NUMBERS))
        else:
            batches = list(engine.stream(NUMBERS))
            assert engine.execute("SELECT 1") == [(1,)], "the transaction of the cursor is over"
    assert sorted(row for batch in batches for row in batch.rows) == [(number,) for number in range(10_000)]
    assert max(len(batch.rows) for batch in batches) == 1000
    assert not [sql for sql in redshift.statements if sql.startswith("SELECT a.n")], "no query of the whole"


def test_a_stream_that_is_not_read_to_its_end_leaves_no_cursor(warehouse: str, run: Run) -> None:
    run("CREATE TABLE numbers (n INT)")
    run("INSERT INTO numbers VALUES " + ", ".join(f"({number})" for number in range(100)))
    with closing(connect(warehouse, Access(read_only=True))) as engine, engine.snapshot():
        for _ in range(2):
            batches = engine.stream(NUMBERS)
            assert len(next(batches).rows) == 1000
            del batches
        assert sum(len(batch.rows) for batch in engine.stream(NUMBERS)) == 10_000


def test_a_snapshot_is_one_moment_and_cannot_write(warehouse: str, run: Run) -> None:
    run("CREATE TABLE numbers (n INT)")
    run("INSERT INTO numbers VALUES (1)")
    with closing(connect(warehouse)) as engine:
        with engine.snapshot():
            assert engine.execute("SELECT COUNT(*) FROM numbers") == [(1,)]
            run("INSERT INTO numbers VALUES (2)")
            assert engine.execute("SELECT COUNT(*) FROM numbers") == [(1,)]
            assert engine.query("SELECT COUNT(*) AS n FROM numbers").rows == [(1,)]
            assert [batch.rows for batch in engine.stream("SELECT COUNT(*) FROM numbers")] == [[(1,)]]
        assert engine.execute("SELECT COUNT(*) FROM numbers") == [(2,)]
        with pytest.raises(WarehouseError, match="read-only"), engine.snapshot():
            engine.execute("DELETE FROM numbers")


def test_parquet_files_count_against_the_spool(
    warehouse: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written to the system's temporary folder."""
    given = _input(tmp_path)
    monkeypatch.setenv("TMPDIR", _folder(tmp_path / "elsewhere"))
    spool = tmp_path / "spool"
    with sparkify.connect(warehouse) as connection:
        with pytest.raises(UsageError, match="spool_limit"):
            connection.etl(**given, spool=str(spool), spool_limit="20KB")
        connection.etl(**given, spool=str(spool), spool_limit="1MB")
    assert run("SELECT COUNT(*) FROM songplays") == [(2000,)]
    assert list(spool.iterdir()) == list((tmp_path / "elsewhere").iterdir()) == []


def test_parquet_files_of_a_killed_run_go_with_the_next(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, run: Run
) -> None:
    given = _input(tmp_path)
    spool = tmp_path / "spool"
    code = (
        "import os, signal, sys, sparkify; from sparkify.engines.redshift.engine import RedshiftEngine\n"
        "RedshiftEngine._copy = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)\n"
        "with sparkify.connect(sys.argv[1]) as w: w.etl(logs=sys.argv[2], songs=sys.argv[3], spool=sys.argv[4])"
    )
    command = [sys.executable, "-c", code, warehouse, given["logs"], given["songs"], str(spool)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert [path.suffix for path in spool.rglob("*.parquet")] == [".parquet"]
    with sparkify.connect(warehouse) as connection:
        connection.etl(**given, spool=str(spool))
    assert list(spool.iterdir()) == []
    assert run("SELECT COUNT(*) FROM songplays") == [(2000,)]


def test_a_server_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, redshift: RedshiftStandIn
) -> None:
    monkeypatch.setattr(address, "CONNECT_SECONDS", 1)
    monkeypatch.setenv("PGPASSWORD", redshift.password)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises(WarehouseError, match=r"cannot connect to Redshift.*time"):
            connect(f"redshift://user@localhost:{silent.getsockname()[1]}/dev")
        assert time.monotonic() - start < 30


def test_a_statement_may_take_longer_than_connecting(warehouse: str, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(address, "CONNECT_SECONDS", 1)
    run("CREATE TABLE numbers (n INT)")
    run("INSERT INTO numbers VALUES " + ", ".join(f"({number})" for number in range(100)))
    with closing(connect(warehouse)) as engine:
        start = time.monotonic()
        slow = f"SELECT COUNT(*) FROM ({NUMBERS}) AS a CROSS JOIN ({NUMBERS}) AS b WHERE a.n * b.n % 7 = 3"
        assert engine.execute(slow)[0][0] > 0
        assert time.monotonic() - start > 1
