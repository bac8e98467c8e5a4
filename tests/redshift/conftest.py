"""The stand-in for Redshift, one for each worker: every test finds it empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from redshift_connector.core import Connection
from redshift_connector.error import InterfaceError
from tests.redshift.driver import Run, connect_to
from tests.redshift.standin import RedshiftStandIn


@pytest.fixture(scope="session")
def running_redshift() -> Iterator[RedshiftStandIn]:
    with RedshiftStandIn() as server:
        yield server


@pytest.fixture
def redshift(running_redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> RedshiftStandIn:
    """The stand-in; this process trusts its certificate, and finds its S3."""
    running_redshift.reset()
    for name, value in running_redshift.environment.items():
        monkeypatch.setenv(name, value)
    return running_redshift


Connect = Callable[..., Connection]


@pytest.fixture
def connect(redshift: RedshiftStandIn) -> Iterator[Connect]:
    """Opens connections as the driver does by default; they are closed at the end."""
    opened: list[Connection] = []

    def open_connection(**options: Any) -> Connection:
        connection = connect_to(redshift, **options)
        opened.append(connection)
        return connection

    yield open_connection
    for connection in opened:
        with suppress(InterfaceError):
            connection.close()


@pytest.fixture
def run(connect: Connect) -> Run:
    """Runs statements on one connection, each committed by itself."""
    return Run(connect(autocommit=True))
