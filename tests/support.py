"""What the tests share: the real sample, small inputs, and a picture of a warehouse."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import psycopg
import pytest
from tests.needs import needs
from tests.servers.postgres import default_server, icu_server
from tests.servers.redshift import redshift_environment, redshift_run, redshift_url

import sparkify
from sparkify.sql import definitions

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("SPARKIFY_SHARED", ROOT.parent / "shared"))
REAL = SHARED / "data" / "udacity"
LONG = bool(os.environ.get("SPARKIFY_TEST_LONG"))

needs_real_sample = needs("shared", REAL.is_dir(), f"the real sample is not at {REAL}")

Run = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query, without Sparkify."""
Rows = dict[str, list[tuple[Any, ...]]]


def event(**fields: Any) -> dict[str, Any]:
    """A play of user 1, or what the fields make of it."""
    base = {
        "ts": 1541121934796,
        "sessionId": 1,
        "itemInSession": 0,
        "userId": "1",
        "page": "NextSong",
        "level": "free",
        "firstName": "Ada",
        "lastName": "Byron",
        "gender": "F",
        "location": "London",
        "userAgent": '"Mozilla/5.0"',
        "registration": 1540919166796.0,
        "artist": "Elena",
        "song": "Setanta matins",
        "length": 269.58322,
        "auth": "Logged In",
        "method": "PUT",
        "status": 200,
    }
    return {**base, **fields}


def song(**fields: Any) -> dict[str, Any]:
    """A record of the catalogue, or what the fields make of it."""
    base = {
        "num_songs": 1,
        "artist_id": "AR1",
        "artist_latitude": None,
        "artist_longitude": None,
        "artist_location": "",
        "artist_name": "Elena",
        "song_id": "SO1",
        "title": "Setanta matins",
        "duration": 269.58322,
        "year": 0,
    }
    return {**base, **fields}


def write_lines(path: Path, records: Iterable[Mapping[str, Any] | str | bytes]) -> Path:
    """Write records as newline-delimited JSON; texts and bytes as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [line if isinstance(line, bytes) else _line(line) for line in records]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def _line(record: Mapping[str, Any] | str) -> bytes:
    return (record if isinstance(record, str) else json.dumps(record)).encode()


def write_messy_input(folder: Path, seed: int) -> int:
    """Files with duplicates, bad lines and catalogued songs; the number of records comes back."""
    chance = random.Random(seed)
    lines = 0
    for number in range(12):
        plays = [
            event(
                userId=str(chance.randint(1, 5)),
                sessionId=chance.randint(1, 4),
                itemInSession=chance.randint(0, 20),
                ts=1541121934796 + chance.randint(0, 50),
                song=f"Song {chance.randint(1, 9)}",
            )
            for _ in range(chance.randint(1, 60))
        ]
        content = [json.dumps(play) for play in plays] + ["bad"] * chance.randint(0, 2)
        write_lines(folder / f"logs/{number}.json", content)
        lines += len(content)
    for number in range(6):
        write_lines(folder / f"songs/{number}.json", [song(song_id=f"SO{number}", title=f"Song {number}")])
    return lines + 6


@dataclass(frozen=True)
class EngineUnderTest:
    """An engine of the registry, and where its warehouses are.

    `server` is called for the URL of a database, `environment` for the variables that its clients need.
    """

    name: str
    scheme: str
    server: Callable[[], str] | None = None
    environment: Callable[[], dict[str, str]] = dict

    def warehouse(self, folder: Path, name: str) -> Path | str:
        """A warehouse for a folder: the path of a DuckDB file, or a URL with a schema of its own."""
        if self.server is None:
            return folder / f"{name}.duckdb"
        url = self.server()
        digest = hashlib.sha256(f"{folder}/{name}".encode()).hexdigest()[:24]
        return f"{url}{'&' if '?' in url else '?'}schema=test_{digest}"


DUCKDB = EngineUnderTest("duckdb", "duckdb")
ENGINES = (
    DUCKDB,
    EngineUnderTest("postgresql", "postgresql", default_server),
    EngineUnderTest("postgresql-icu", "postgresql", icu_server),
    EngineUnderTest("redshift", "redshift", redshift_url, redshift_environment),
)
"""The engines that the contract tests run on. A new engine is one more row."""

_under_test = DUCKDB


@contextmanager
def using(engine: EngineUnderTest) -> Iterator[EngineUnderTest]:
    """Let `load` and `warehouse` mean an engine; elsewhere they mean DuckDB."""
    global _under_test
    before, _under_test = _under_test, engine
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in engine.environment().items():
                patch.setenv(name, value)
            yield engine
    finally:
        _under_test = before


def warehouse(folder: Path, name: str = "w") -> Any:
    """A warehouse of the engine under test, to be given to `load_into`, `rows`, `picture` and `url_of`."""
    return _under_test.warehouse(folder, name)


def url_of(place: Path | str) -> str:
    """The URL of a warehouse."""
    return f"duckdb:///{place}" if isinstance(place, Path) else place


def load(folder: Path, name: str = "w", **settings: Any) -> Any:
    """Run the etl on `logs` and `songs` below a folder; the warehouse comes back."""
    place = warehouse(folder, name)
    sources = {kind: str(folder / kind) for kind in ("logs", "songs") if (folder / kind).is_dir()}
    with sparkify.connect(url_of(place)) as connection:
        connection.etl(**{**sources, **settings})
    return place


def _picture_sql(table: str) -> str:
    columns = definitions.table(table).column_names
    if table in ("staging_events", "staging_songs"):
        chosen = [f's."{column}"' for column in columns if column != "file_id"]
        return f"SELECT {', '.join(chosen)}, f.uri FROM {table} AS s JOIN etl_files AS f ON f.file_id = s.file_id"
    return f'SELECT {", ".join(columns)} FROM "{table}"'


_PICTURES = {
    "etl_rejects": (
        "SELECT f.uri, r.line, r.byte_offset, r.field, r.reason FROM etl_rejects AS r "
        "JOIN etl_files AS f ON f.file_id = r.file_id"
    ),
    "etl_files": "SELECT uri, kind, size_bytes, content_hash, records, loaded, rejected FROM etl_files",
    **{name: _picture_sql(name) for name in ("staging_events", "staging_songs", *definitions.STAR, "etl_matches")},
}


def picture(place: Path | str) -> Rows:
    """All rows that are a function of the input, in order; read without Sparkify."""
    with reading(place) as run:
        return {name: sorted(run(sql), key=repr) for name, sql in _PICTURES.items()}


def rows(place: Path | str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, read without Sparkify."""
    with reading(place) as run:
        return run(sql)


def meddle(place: Path | str, sql: str) -> None:
    """Change a warehouse behind Sparkify's back."""
    if isinstance(place, Path):
        with duckdb.connect(str(place)) as connection:
            connection.execute(sql)
        return
    if place.startswith("redshift"):
        with redshift_run(place) as run:
            run(sql)
        return
    with _postgres(place) as server:
        server.execute(sql.encode())


@contextmanager
def reading(place: Path | str) -> Iterator[Run]:
    """Read a warehouse without Sparkify, by one connection."""
    if isinstance(place, Path):
        with duckdb.connect(str(place), read_only=True) as connection:
            yield lambda sql: connection.execute(sql).fetchall()
        return
    if place.startswith("redshift"):
        with redshift_run(place) as run:
            yield run
        return
    with _postgres(place) as server:
        yield lambda sql: server.execute(sql.encode()).fetchall()


@contextmanager
def _postgres(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    server, _, schema = url.rpartition("schema=")
    with psycopg.connect(server.rstrip("?&"), autocommit=True) as connection:
        connection.execute("SELECT set_config('search_path', quote_ident(%s), false)", [unquote(schema)])
        yield connection
