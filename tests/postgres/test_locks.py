"""One writer to a schema; who comes second is told who the first is. Locks of others are not waited for for ever."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from tests.servers.postgres import DebianServer
from tests.support import event, load, picture, rows, song, url_of, warehouse, write_lines
from tests.unit.command import assert_error, sparkify

from sparkify.engines.postgres import engine as postgres
from sparkify.errors import WarehouseError
from sparkify.etl.summary import Progress

HOLDER = """
import sys, time
from sparkify.engines.registry import connect
engine = connect(sys.argv[1])
with engine.writing(), engine.transaction():
    print("held", flush=True)
    time.sleep(60)
"""


def _small_input(folder: Path) -> Path:
    write_lines(folder / "logs/a.json", [event()])
    write_lines(folder / "songs/a.json", [song()])
    return folder


def test_two_at_once_on_one_schema(server: DebianServer, tmp_path: Path) -> None:
    _small_input(tmp_path)
    begun, ends = threading.Event(), threading.Event()

    def wait(progress: Progress) -> None:
        if progress.step == "transform" and not begun.is_set():
            begun.set()
            ends.wait()

    first = threading.Thread(target=load, args=(tmp_path,), kwargs={"report": wait})
    first.start()
    try:
        assert begun.wait(30)
        url = url_of(warehouse(tmp_path))
        second = sparkify("etl", "--warehouse", url, "--logs", "logs", "--songs", "songs", cwd=tmp_path)
        assert_error(second, 1, "another run is at work in the warehouse: sparkify on ", "Wait until it ends")
        found = re.search(r"process (\d+) \(user postgres, server process (\d+)\)", second.stderr)
        assert found
        assert int(found[1]) == os.getpid()
        assert server.run(f"SELECT COUNT(*) FROM pg_stat_activity WHERE pid = {found[2]}") == [(1,)]
        load(tmp_path, "another schema")
    finally:
        ends.set()
        first.join()
    assert picture(warehouse(tmp_path)) == picture(warehouse(tmp_path, "another schema"))
    assert rows(warehouse(tmp_path), "SELECT state FROM etl_runs") == [("done",)]


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    url = url_of(warehouse(_small_input(tmp_path)))
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait()
        load(tmp_path)


def test_a_schema_that_another_process_makes_at_the_same_moment(
    server: DebianServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find none, and both make it."""
    schema = url_of(warehouse(_small_input(tmp_path))).partition("schema=")[2]
    real = postgres.PostgresEngine._has_schema
    looks = iter([False])

    def late(self: postgres.PostgresEngine) -> bool:
        for found in looks:
            server.run(f"CREATE SCHEMA {schema}")
            return found
        return real(self)

    monkeypatch.setattr(postgres.PostgresEngine, "_has_schema", late)
    assert rows(load(tmp_path), "SELECT COUNT(*) FROM songplays") == [(1,)]


def _with_options(url: str, options: str) -> str:
    return url.replace("&schema=", f"&options={options}&schema=")


def test_an_analyst_who_keeps_a_table_locked(server: DebianServer, tmp_path: Path) -> None:
    place = load(_small_input(tmp_path))
    before = picture(place)
    schema = url_of(place).partition("schema=")[2]
    write_lines(tmp_path / "logs/b.json", [event(itemInSession=1)])
    with psycopg.connect(server.url()) as analyst:
        analyst.execute(f"LOCK TABLE {schema}.songplays IN ACCESS SHARE MODE".encode())
        load(tmp_path)  # who only reads is in nobody's way
        assert picture(place) != before
        analyst.execute(f"LOCK TABLE {schema}.songplays IN ACCESS EXCLUSIVE MODE".encode())
        plays = _plays(analyst, schema)
        write_lines(tmp_path / "logs/c.json", [event(itemInSession=2)])
        done = sparkify(
            *("etl", "--warehouse", _with_options(url_of(place), "-c%20lock_timeout%3D300ms")),
            *("--logs", "logs", "--songs", "songs"),
            cwd=tmp_path,
        )
        assert_error(done, 1, "lock timeout", "Another session holds a lock", "pg_stat_activity")
        assert _plays(analyst, schema) == plays
    load(tmp_path)
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(3,)]
    assert rows(place, "SELECT state FROM etl_runs ORDER BY run_id") == [("done",), ("done",), ("failed",), ("done",)]


def _plays(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT * FROM {schema}.songplays ORDER BY songplay_id".encode()).fetchall()


def test_a_load_does_not_wait_for_ever(tmp_path: Path) -> None:
    from sparkify.engines.registry import connect

    url = url_of(warehouse(tmp_path))
    for given, settled in ((url, "5min"), (_with_options(url, "-c%20lock_timeout%3D7s"), "7s")):
        engine = connect(given)
        assert engine.execute("SHOW lock_timeout") == [(settled,)]
        engine.close()


def test_a_deadlock_with_an_analyst(server: DebianServer, tmp_path: Path) -> None:
    place = load(_small_input(tmp_path))
    schema = url_of(place).partition("schema=")[2]
    write_lines(tmp_path / "logs/b.json", [event(itemInSession=1)])
    with psycopg.connect(server.url()) as analyst:
        analyst.execute("SET deadlock_timeout = '10s'")  # so that the load is the one that is ended
        analyst.execute(f"LOCK TABLE {schema}.songplays IN ACCESS EXCLUSIVE MODE".encode())
        reached = threading.Event()

        def cross() -> None:
            reached.wait()
            analyst.execute(f"LOCK TABLE {schema}.staging_events IN ACCESS EXCLUSIVE MODE".encode())

        crossing = threading.Thread(target=cross)
        crossing.start()
        with pytest.raises(WarehouseError, match="deadlock detected") as caught:
            load(tmp_path, report=lambda progress: reached.set() if progress.step == "transform" else None)
        crossing.join()
    assert "run again" in caught.value.hint
    load(tmp_path)
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(2,)]
