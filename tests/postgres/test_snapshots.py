"""What reads many tables sees one moment, whatever is committed meanwhile; and who writes is known without waiting."""

from __future__ import annotations

import os
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.support import event, load, song, url_of, warehouse, write_lines

from sparkify.doctor import diagnose
from sparkify.engines.base import Access
from sparkify.engines.registry import connect
from sparkify.errors import WarehouseError
from sparkify.etl.summary import Progress
from sparkify.reports.analyze import check_all, row_counts
from sparkify.reports.compare import compare_warehouses

READING = Access(read_only=True)


def _more(folder: Path, number: int) -> None:
    write_lines(folder / f"logs/{number}.json", [event(sessionId=number)])
    write_lines(folder / "songs/a.json", [song()])
    load(folder)


def test_compare_reads_one_moment(tmp_path: Path) -> None:
    _more(tmp_path, 1)
    url = url_of(warehouse(tmp_path))
    with closing(connect(url, READING)) as one, closing(connect(url, READING)) as other:
        tables = compare_warehouses(one, other)
        first = next(tables)
        _more(tmp_path, 2)
        counts = {table.table: table.counts for table in [first, *tables]}
    assert counts["staging_events"] == counts["songplays"] == (1, 1)


def test_an_analysis_reads_one_moment_and_writes_nothing(tmp_path: Path) -> None:
    _more(tmp_path, 1)
    with closing(connect(url_of(warehouse(tmp_path)))) as engine:
        with engine.snapshot():
            before = row_counts(engine)
            _more(tmp_path, 2)
            assert row_counts(engine) == before
            assert engine.query("SELECT COUNT(*) FROM songplays").rows == [(1,)]
            assert [batch.rows for batch in engine.stream("SELECT COUNT(*) FROM songplays")] == [[(1,)]]
            assert {check.state for check in check_all(engine)} == {"passed"}
        assert row_counts(engine)["songplays"] == 2
        with pytest.raises(WarehouseError, match="read-only"), engine.snapshot():
            engine.execute("DELETE FROM songplays")


def test_doctor_says_who_writes(tmp_path: Path) -> None:
    _more(tmp_path, 1)
    write_lines(tmp_path / "logs/2.json", [event(sessionId=2)])
    begun, ends = threading.Event(), threading.Event()

    def wait(progress: Progress) -> None:
        if progress.step == "transform" and not begun.is_set():
            begun.set()
            ends.wait(60)

    run = threading.Thread(target=load, args=(tmp_path,), kwargs={"report": wait})
    run.start()
    try:
        assert begun.wait(60)
        start = time.monotonic()
        given = {"warehouse": url_of(warehouse(tmp_path)), "logs": str(tmp_path / "logs")}
        found = {item.check: item for item in diagnose(given)}
        assert time.monotonic() - start < 10
    finally:
        ends.set()
        run.join()
    assert f"process {os.getpid()} (user postgres" in found["writer"].found
    assert ", run 2 since " in found["writer"].found
    assert found["writable"].state == "skipped"
    again = {item.check: item for item in diagnose(given)}
    assert (again["writer"].found, again["writable"].state) == ("no run is at work", "ok")
