"""The official driver, talking to the stand-in."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import redshift_connector
from redshift_connector.core import Connection
from redshift_connector.error import Error
from tests.redshift.standin import RedshiftStandIn


def connect_to(server: RedshiftStandIn, *, autocommit: bool = False, **options: Any) -> Connection:
    """Connect, with TLS verified in full."""
    given = {
        "host": server.host,
        "port": server.port,
        "database": server.database,
        "user": server.user,
        "password": server.password,
        "sslmode": "verify-full",
        **options,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the driver's SSLContext() says no protocol
        connection = redshift_connector.connect(**given)
    connection.autocommit = autocommit
    return connection


class Run:
    """Runs one statement after another, and gives their rows back as tuples."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._cursor = connection.cursor()

    def __call__(self, sql: str, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        self._cursor.execute(sql, parameters)
        if not (self._cursor.ps or {}).get("row_desc"):
            return []
        return [tuple(row) for row in self._cursor.fetchall()]

    def error(self, sql: str, parameters: Sequence[object] | None = None) -> dict[str, str]:
        """The error that a statement meets, by the letters of its fields: C the code, M the message, D the detail."""
        try:
            self(sql, parameters)
        except Error as error:
            found: dict[str, str] = error.args[0]
            return found
        raise AssertionError(f"not refused: {sql}")
