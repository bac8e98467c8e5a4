"""What the tests share: the real sample, small inputs, and a picture of a warehouse."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

import sparkify

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("SPARKIFY_SHARED", ROOT.parent / "shared"))
REAL = SHARED / "data" / "udacity"
LONG = bool(os.environ.get("SPARKIFY_TEST_LONG"))

needs_real_sample = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real sample is not at {REAL}")

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


def load(folder: Path, name: str = "w.duckdb", **settings: Any) -> Path:
    """Run the etl on `logs` and `songs` below a folder; the path of the warehouse comes back."""
    path = folder / name
    sources = {kind: str(folder / kind) for kind in ("logs", "songs") if (folder / kind).is_dir()}
    with sparkify.connect(f"duckdb:///{path}") as warehouse:
        warehouse.etl(**{**sources, **settings})
    return path


_PICTURES = {
    "staging_events": "SELECT s.* EXCLUDE (file_id), f.uri FROM staging_events s JOIN etl_files f USING (file_id)",
    "staging_songs": "SELECT s.* EXCLUDE (file_id), f.uri FROM staging_songs s JOIN etl_files f USING (file_id)",
    "etl_rejects": (
        "SELECT f.uri, r.line, r.byte_offset, r.field, r.reason FROM etl_rejects r JOIN etl_files f USING (file_id)"
    ),
    "etl_files": "SELECT uri, kind, size_bytes, content_hash, records, loaded, rejected FROM etl_files",
    **{
        name: f'SELECT * FROM "{name}"'
        for name in ("users", "users_history", "songs", "artists", "time", "songplays", "etl_matches")
    },
}


def picture(path: Path) -> Rows:
    """All rows that are a function of the input, in order; read with DuckDB alone."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return {name: sorted(connection.execute(sql).fetchall(), key=repr) for name, sql in _PICTURES.items()}


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, read with DuckDB alone."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()
