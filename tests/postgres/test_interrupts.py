"""Ctrl-C and SIGTERM, at any moment: the run ends soon, says so in the history, and the next one completes it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.servers.postgres import DebianServer
from tests.servers.proxy import Proxy
from tests.support import DUCKDB, event, load, picture, rows, song, url_of, using, warehouse, write_lines
from tests.unit.command import start

import sparkify

SIGNALS = [signal.SIGINT, signal.SIGTERM]
PATIENCE = 60
"""Seconds after which a run has surely not ended by itself: what holds it up would hold it for ever."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Songs, and enough events that a COPY of them does not fit into the buffers between client and server."""
    folder = tmp_path_factory.mktemp("long")
    write_lines(folder / "songs/a.json", [song()])
    line = json.dumps(event(itemInSession=0))
    lines = (line.replace('"itemInSession": 0', f'"itemInSession": {item}') for item in range(30_000))
    write_lines(folder / "logs/a.json", lines)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A song and a play of it."""
    folder = tmp_path_factory.mktemp("small")
    write_lines(folder / "songs/a.json", [song()])
    write_lines(folder / "logs/a.json", [event()])
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> Any:
    with using(DUCKDB):
        return picture(load(folder))


def _start(folder: Path, url: str) -> subprocess.Popen[str]:
    return start("etl", "--warehouse", url, "--logs", "logs", "--songs", "songs", cwd=folder)


def _assert_says_so(run: subprocess.Popen[str], number: signal.Signals) -> None:
    _, said = run.communicate(timeout=PATIENCE)
    assert (run.returncode, said) == (128 + number, "interrupted: the warehouse is at its last committed chunk\n")


def _assert_completes(place: Any, folder: Path, name: str, undisturbed: Any) -> None:
    last = "SELECT state, reason FROM etl_runs ORDER BY run_id DESC LIMIT 1"
    assert rows(place, last) == [("interrupted", "interrupted")]
    load(folder, name)
    assert picture(place) == undisturbed


def _start_behind(proxy: Proxy, folder: Path, place: Any) -> subprocess.Popen[str]:
    schema = url_of(place).partition("schema=")[2]
    return _start(folder, f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?schema={schema}")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_during_copy(server: DebianServer, folder: Path, undisturbed: Any, number: signal.Signals) -> None:
    name = f"copy-{number.name}"
    place = warehouse(folder, name)
    with Proxy(server.socket, hold_after=1_000_000) as proxy, _start_behind(proxy, folder, place) as run:
        assert proxy.held.wait(PATIENCE)
        assert _queries(server) == ["COPY staging_events"]
        run.send_signal(number)
        proxy.release()
        _assert_says_so(run, number)
    _assert_completes(place, folder, name, undisturbed)


@pytest.mark.long
def test_while_the_server_does_not_answer(server: DebianServer, folder: Path, undisturbed: Any) -> None:
    """The connection is given up after some seconds, and the history is written by the next run."""
    place = warehouse(folder, "silent")
    with Proxy(server.socket, hold_after=1_000_000) as proxy, _start_behind(proxy, folder, place) as run:
        assert proxy.held.wait(PATIENCE)
        run.send_signal(signal.SIGINT)
        _assert_says_so(run, signal.SIGINT)
    load(folder, "silent")
    assert rows(place, "SELECT state FROM etl_runs ORDER BY run_id") == [("interrupted",), ("done",)]
    assert picture(place) == undisturbed


def _queries(server: DebianServer) -> list[str]:
    found = server.run(
        "SELECT substr(query, 1, 19) FROM pg_stat_activity "
        "WHERE state = 'active' AND application_name LIKE 'sparkify on %'"
    )
    return [query for (query,) in found]


@contextmanager
def _locked(server: DebianServer, schema: str, table: str) -> Iterator[None]:
    with psycopg.connect(server.url()) as analyst:
        analyst.execute(f'LOCK TABLE {schema}."{table}" IN ACCESS EXCLUSIVE MODE'.encode())
        yield


def _wait_until_blocked(server: DebianServer) -> None:
    for _ in range(PATIENCE * 20):
        if server.run(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'sparkify on %'"
        ):
            return
        time.sleep(0.05)
    raise AssertionError("the run was not held up")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("table", ["staging_events", "songplays", "time"])
def test_during_a_statement(server: DebianServer, small: Path, table: str, number: signal.Signals) -> None:
    """At the begin of the load, in the midst of the transform, at its end."""
    name = f"{table}-{number.name}"
    place = warehouse(small, name)
    schema = url_of(place).partition("schema=")[2]
    with sparkify.connect(url_of(place)) as connection:
        connection.etl(songs=str(small / "songs"))
    with _locked(server, schema, table), _start(small, url_of(place)) as run:
        _wait_until_blocked(server)
        run.send_signal(number)
        _assert_says_so(run, number)
    with using(DUCKDB):
        whole = picture(load(small))
    _assert_completes(place, small, name, whole)
