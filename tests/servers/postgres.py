"""Real PostgreSQL servers for the tests: started when first asked for, stopped at the end of the process."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import warnings
from functools import cache
from pathlib import Path

import pytest

DEBIAN_BIN = Path("/usr/lib/postgresql/15/bin")
DEBIAN_USER = "postgres"


@cache
def default_server() -> str:
    """The URL of a database: SPARKIFY_TEST_POSTGRES, or PostgreSQL 16 by pgserver, which orders text by its bytes."""
    if given := os.environ.get("SPARKIFY_TEST_POSTGRES"):
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it keeps its locks is of no interest here
        from pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="sparkify-pgserver-"))
    server = get_server(folder, cleanup_mode="delete")
    url: str = server.get_uri().replace("postgres:@", "postgres@")
    _without_fsync(url)
    return url


@cache
def icu_server() -> str:
    """The URL of a database that orders text as en-US does, on Debian's PostgreSQL 15; skips where it is missing."""
    if not (DEBIAN_BIN / "postgres").exists():
        pytest.skip(f"PostgreSQL 15 is not in {DEBIAN_BIN}")
    folder = Path(tempfile.mkdtemp(prefix="sparkify-postgres15-"))
    if os.geteuid() == 0:
        shutil.chown(folder, DEBIAN_USER)
    data = folder / "data"
    _as_user(
        "initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8",
        "--locale-provider", "icu", "--icu-locale", "en-US", "--locale", "C.UTF-8",
    )  # fmt: skip
    options = f"-h '' -k {folder} -F"
    _as_user("pg_ctl", "--pgdata", data, "--log", folder / "log", "--options", options, "--wait", "start")
    atexit.register(_stop, folder)
    return f"postgresql://postgres@/postgres?host={folder}"


def _stop(folder: Path) -> None:
    _as_user("pg_ctl", "--pgdata", folder / "data", "--mode", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def _as_user(program: str, *arguments: str | Path) -> None:
    """Run one of the server's programs, which refuse to run as root. Its own output would keep a pipe open."""
    command = [str(DEBIAN_BIN / program), *map(str, arguments)]
    user = DEBIAN_USER if os.geteuid() == 0 else None
    done = subprocess.run(command, user=user, stdout=subprocess.DEVNULL, cwd="/", check=False)
    assert done.returncode == 0, f"{program} failed"


def _without_fsync(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
