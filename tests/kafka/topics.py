"""What the tests of topics share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support import ENGINES, event, rows, url_of

import sparkify
from sparkify.etl.summary import Summary
from sparkify.sql import definitions

Send = Callable[..., None]

SERVERS_TOO = [engine for engine in ENGINES if engine.name in ("duckdb", "postgresql", "redshift")]

on_every_engine = pytest.mark.parametrize("engine", SERVERS_TOO, indirect=True, ids=lambda engine: engine.name)
"""For the tests that run on the Redshift stand-in too."""


def etl(place: Any, **given: Any) -> Summary:
    with sparkify.connect(url_of(place)) as connection:
        return connection.etl(**given)


def content(place: Any) -> dict[str, list[Any]]:
    """Staging apart from file_id and position, and the star."""
    found = {}
    for name in ("staging_events", "staging_songs", *definitions.STAR):
        columns = [c for c in definitions.table(name).column_names if c not in ("file_id", "position")]
        listed = ", ".join(f'"{column}"' for column in columns)
        found[name] = sorted(rows(place, f'SELECT {listed} FROM "{name}"'), key=repr)
    return found


def offsets(place: Any) -> list[tuple[Any, ...]]:
    """first, next, loaded, rejected, tombstones, without a record, lost; a row for each partition."""
    return rows(
        place,
        "SELECT o.first_offset, o.next_offset, f.loaded, f.rejected, o.tombstones, o.without_record, o.lost "
        "FROM etl_offsets AS o JOIN etl_files AS f ON f.file_id = o.file_id ORDER BY o.file_id",
    )


def plays(count: int, first: int = 0) -> Iterator[bytes]:
    for number in range(first, first + count):
        yield json.dumps(event(itemInSession=number, song=f"Song {number % 7}", ts=1541121934796 + number)).encode()
