"""Real PostgreSQL servers for the tests: started when first asked for, stopped at the end of the process."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.needs import missing

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


class DebianServer:
    """A server of Debian's PostgreSQL 15 with data of its own; on a socket, and on loopback with `tcp`.

    Connections by the socket are trusted; on loopback passwords are asked for, by scram-sha-256.
    """

    def __init__(self, *initdb: str, tcp: bool = False) -> None:
        if not (DEBIAN_BIN / "postgres").exists():
            missing("postgres", f"PostgreSQL 15 is not in {DEBIAN_BIN}")
        self.folder = Path(tempfile.mkdtemp(prefix="sparkify-postgres15-"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.port = _free_port() if tcp else 5432
        self._addresses = "127.0.0.1" if tcp else "''"
        self.own(self.folder)
        _as_user("initdb", "--pgdata", self.data, "--username", "postgres", "--auth-local", "trust",
                 "--auth-host", "scram-sha-256", "--no-sync", *initdb)  # fmt: skip
        self.start()
        atexit.register(self.remove)

    @property
    def socket(self) -> Path:
        """The Unix socket."""
        return self.folder / f".s.PGSQL.{self.port}"

    def own(self, path: Path) -> None:
        """Let a file be the server's, which does not run as root."""
        if os.geteuid() == 0:
            shutil.chown(path, DEBIAN_USER)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-h {self._addresses} -p {self.port} -k {self.folder} -F"
        _as_user("pg_ctl", "--pgdata", self.data, "--log", self.log, "--options", options, "--wait", "start")

    def stop(self, mode: str) -> None:
        """Stop it: `fast` says so to its clients, `immediate` is what a crash looks like."""
        _as_user("pg_ctl", "--pgdata", self.data, "--mode", mode, "--wait", "stop")

    def remove(self) -> None:
        """Stop it, and remove its data."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, user: str = "postgres", database: str = "postgres", **parameters: str) -> str:
        """A URL by way of the socket, with any text for its parts."""
        return _url(user, database, {"host": str(self.folder), "port": str(self.port), **parameters})

    def tcp_url(self, user: str, password: str = "", database: str = "postgres", **parameters: str) -> str:
        """A URL by way of loopback."""
        credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return _url(credentials, database, parameters, f"127.0.0.1:{self.port}", quoted=True)

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements as the superuser."""
        import psycopg

        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


def _url(user: str, database: str, parameters: dict[str, str], place: str = "", *, quoted: bool = False) -> str:
    name = user if quoted else quote(user, safe="")
    pairs = "&".join(f"{key}={quote(value, safe='')}" for key, value in parameters.items())
    return f"postgresql://{name}@{place}/{quote(database, safe='')}{'?' if pairs else ''}{pairs}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@cache
def icu_server() -> str:
    """The URL of a database that orders text as en-US does, on Debian's PostgreSQL 15; skips where it is missing."""
    return DebianServer(
        "--encoding", "UTF8", "--locale-provider", "icu", "--icu-locale", "en-US", "--locale", "C.UTF-8"
    ).url()


@cache
def own_server() -> DebianServer:
    """A server to be restarted, and given users and databases of all kinds; skips where it is missing."""
    return DebianServer("--encoding", "UTF8", "--locale", "C.UTF-8", tcp=True)


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
