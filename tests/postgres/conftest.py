"""Every test in this folder runs on Debian's PostgreSQL 15, a server of its own for each process of the tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.postgres import DebianServer, own_server
from tests.support import EngineUnderTest, using, write_messy_input


@pytest.fixture(scope="module")
def server() -> DebianServer:
    """The server."""
    return own_server()


@pytest.fixture(scope="module", autouse=True)
def engine(server: DebianServer) -> Iterator[EngineUnderTest]:
    """Let `load` mean this server."""
    with using(EngineUnderTest("postgresql-own", "postgresql", server.url)) as under_test:
        yield under_test


@pytest.fixture
def database(server: DebianServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own; what is in it goes with it."""
    name = "db_" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]
    server.run(f"CREATE DATABASE {name}")
    yield name
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def role(server: DebianServer, database: str) -> Iterator[str]:
    """A role that may log in, and owns the schema `mine` of the database, and nothing else."""
    name = database.replace("db_", "role_")
    server.run(f"CREATE ROLE {name} LOGIN")
    server.run(f"CREATE SCHEMA mine AUTHORIZATION {name}", database)
    yield name
    server.run(f"DROP OWNED BY {name}", database)
    server.run(f"DROP OWNED BY {name}")
    server.run(f"DROP ROLE {name}")


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of messy input."""
    folder = tmp_path_factory.mktemp("messy")
    write_messy_input(folder, 1)
    return folder
