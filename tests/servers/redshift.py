"""The stand-in for Redshift: started when it is first asked for, stopped at the end of the process."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from tests.redshift.driver import Run, connect_to
from tests.redshift.standin import RedshiftStandIn


@cache
def stand_in() -> RedshiftStandIn:
    """The stand-in of this process; tests/redshift/README.md says what it is."""
    server = RedshiftStandIn().__enter__()
    atexit.register(server.__exit__, None, None, None)
    return server


def redshift_url() -> str:
    """The URL of its database, without the password."""
    return stand_in().url


def redshift_environment() -> dict[str, str]:
    """What a process needs to sign in, to trust the certificate, and to load by way of S3."""
    server = stand_in()
    return {
        **server.environment,
        "PGPASSWORD": server.password,
        "SPARKIFY_COPY_ROLE": server.role,
        "SPARKIFY_COPY_SPOOL": f"s3://{server.bucket}/spool",
    }


@contextmanager
def redshift_run(url: str) -> Iterator[Run]:
    """Runs statements in the schema of a warehouse, without Sparkify."""
    connection = connect_to(stand_in(), autocommit=True)
    try:
        run = Run(connection)
        run(f"SET search_path TO {url.rpartition('schema=')[2]}")
        yield run
    finally:
        connection.close()
