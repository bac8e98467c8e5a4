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
from tests.servers.redshift import stand_in


@pytest.fixture
def redshift(monkeypatch: pytest.MonkeyPatch) -> RedshiftStandIn:
    """The stand-in, empty; this process trusts its certificate, and finds its S3."""
    server = stand_in()
    server.reset()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


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
