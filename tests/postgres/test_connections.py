"""The server is restarted, or the connection is cut: the load ends well or says so, and the next run completes it."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.servers.postgres import DebianServer
from tests.servers.proxy import Proxy
from tests.support import Rows, load, picture, rows, url_of, warehouse

import sparkify
from sparkify.errors import WarehouseError
from sparkify.etl.summary import Progress

SETTINGS: dict[str, Any] = {"chunk_files": 5, "max_rejects": "100%"}
CUTS = 20
RESTARTS = 4


@pytest.fixture(scope="module")
def states(messy: Path) -> list[Rows]:
    """What the warehouse holds after each chunk of a load that nothing disturbs; the last is the whole."""
    found: list[Rows] = []
    place = warehouse(messy, "undisturbed")

    def look(progress: Progress) -> None:
        if progress.step == "read" and (now := picture(place)) not in found:
            found.append(now)

    load(messy, "undisturbed", report=look, **SETTINGS)
    return [*found, picture(place)]


@pytest.fixture(scope="module")
def bytes_of_a_load(server: DebianServer, messy: Path) -> int:
    with Proxy(server.socket) as proxy:
        _load_by(proxy, messy, "measured")
        return proxy.passed


def _load_by(proxy: Proxy, folder: Path, name: str) -> None:
    schema = url_of(warehouse(folder, name)).partition("schema=")[2]
    url = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?schema={schema}"
    with sparkify.connect(url) as connection:
        connection.etl(logs=str(folder / "logs"), songs=str(folder / "songs"), **SETTINGS)


def _assert_is_at_a_chunk(place: Any, states: list[Rows]) -> None:
    schema = url_of(place).partition("schema=")[2]
    tables = rows(place, f"SELECT COUNT(*) FROM pg_tables WHERE schemaname = '{schema}'")[0][0]
    if tables:
        assert picture(place) in states


def test_there_are_chunks_between_which_to_fail(states: list[Rows]) -> None:
    """Otherwise the tests below would show little."""
    assert len(states) == 5


@pytest.mark.parametrize("seed", range(CUTS))
def test_a_cut_connection(
    server: DebianServer, messy: Path, states: list[Rows], bytes_of_a_load: int, seed: int
) -> None:
    place = warehouse(messy, f"cut-{seed}")
    # Equal shares of the way, at random within each: no part of a load is left out.
    cut_after = int((seed + random.Random(seed).random()) / CUTS * bytes_of_a_load)
    with (
        Proxy(server.socket, cut_after=cut_after) as proxy,
        pytest.raises(WarehouseError, match=r"connection to PostgreSQL was lost|cannot connect to PostgreSQL at 127"),
    ):
        _load_by(proxy, messy, f"cut-{seed}")
    _assert_is_at_a_chunk(place, states)
    load(messy, f"cut-{seed}", **SETTINGS)
    assert picture(place) == states[-1]
    assert {state for (state,) in rows(place, "SELECT state FROM etl_runs")} <= {"done", "interrupted"}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restarted_server(server: DebianServer, messy: Path, states: list[Rows], mode: str) -> None:
    chance = random.Random(mode)
    lost = 0
    for number in range(RESTARTS):
        name = f"restart-{mode}-{number}"
        steps = chance.randint(1, 5 * len(states))
        lost += _load_while_restarting(server, messy, name, steps, mode)
        _assert_is_at_a_chunk(warehouse(messy, name), states)
        place = load(messy, name, **SETTINGS)
        assert picture(place) == states[-1]
    assert lost


def _load_while_restarting(server: DebianServer, folder: Path, name: str, steps: int, mode: str) -> bool:
    """Restart while a load is in its so-manieth step; whether the load failed for it."""
    reached, seen = threading.Event(), 0

    def report(progress: Progress) -> None:
        nonlocal seen
        seen += 1
        if seen == steps:
            reached.set()

    def restart() -> None:
        reached.wait()
        server.stop(mode)
        server.start()

    restarter = threading.Thread(target=restart)
    restarter.start()
    try:
        load(folder, name, report=report, **SETTINGS)
    except WarehouseError as error:
        assert "connection to PostgreSQL was lost" in str(error)
        return True
    else:
        return False
    finally:
        reached.set()
        restarter.join()


def test_a_lost_connection_is_told_though_the_history_cannot_be_written(server: DebianServer, messy: Path) -> None:
    def end_the_session(progress: Progress) -> None:
        if progress.step == "transform":
            server.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name LIKE 'sparkify on %' AND datname = 'postgres'"
            )

    with pytest.raises(WarehouseError, match=r"connection to PostgreSQL was lost: terminating connection") as caught:
        load(messy, "ended", report=end_the_session, **SETTINGS)
    assert "run again" in caught.value.hint
    place = load(messy, "ended", **SETTINGS)
    assert rows(place, "SELECT state FROM etl_runs ORDER BY run_id") == [("interrupted",), ("done",)]
