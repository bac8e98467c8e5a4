"""`compare` finds the same rows the same on every engine, and the smallest difference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import (
    DUCKDB,
    LONG,
    REAL,
    ROOT,
    EngineUnderTest,
    event,
    load,
    meddle,
    needs_real_sample,
    song,
    url_of,
    using,
    warehouse,
    write_lines,
)
from tests.unit.command import Done, settings
from tests.unit.command import sparkify as sparkify_command

import sparkify


def _run(first: Any, second: Any, *options: str) -> Done:
    return sparkify_command("compare", *options, url_of(first), url_of(second), cwd=ROOT, env=settings())


def _compare(first: Any, second: Any, code: int) -> dict[str, Any]:
    done = _run(first, second, "--output", "json")
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# The settings differ in a literal, and test_golden_numbers.py has their answers on every engine.
@needs_real_sample
@pytest.mark.only.with_args(lambda given: given["engine"].name == "postgresql" or given["unknown_songs"] == "infer")
@pytest.mark.parametrize("unknown_songs", ["infer", "null", "drop"])
def test_the_real_sample_is_the_same_as_on_duckdb(tmp_path: Path, unknown_songs: str) -> None:
    sources = {"logs": str(REAL / "log_data"), "songs": str(REAL / "song_data"), "unknown_songs": unknown_songs}
    there = load(tmp_path, "there", **sources, chunk_files=40)
    with using(DUCKDB):
        here = load(tmp_path, "here", **sources)
    tables = sparkify.compare(url_of(here), url_of(there))
    assert [(table.table, table.differing, table.rows) for table in tables if not table.is_same] == []
    assert {table.table: table.counts for table in tables}["staging_events"] == (8056, 8056)
    assert all(table.hashes[0] == table.hashes[1] for table in tables)


# DuckDB is what is compared with; one server is enough, and the stand-in takes minutes.
@pytest.mark.only.with_args(lambda given: given["engine"].name == "postgresql" or (LONG and given["engine"] != DUCKDB))
def test_many_generated_events_are_the_same_as_on_duckdb(tmp_path: Path) -> None:
    """Many times what is sent to a server at once; a million of them in `make test-long`."""
    from sparkify.generate import GenerateOptions, generate

    made = generate(tmp_path / "data", GenerateOptions(users=5_000 if LONG else 1_000, seed=1))
    sources = {"logs": str(tmp_path / "data/log_data"), "songs": str(tmp_path / "data/song_data")}
    there = load(tmp_path, "there", **sources)
    with using(DUCKDB):
        here = load(tmp_path, "here", **sources)
    tables = sparkify.compare(url_of(here), url_of(there))
    assert [(table.table, table.differing, table.rows) for table in tables if not table.is_same] == []
    assert tables[0].counts[0] == made.events > (1_000_000 if LONG else 200_000)


@pytest.fixture(scope="module")
def in_steps(engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder of input, and a warehouse that was loaded from it in two steps. It is not changed."""
    folder = tmp_path_factory.mktemp("compared")
    write_lines(folder / "logs/a.json", [event(itemInSession=item, length=100.1 + item) for item in range(30)])
    write_lines(folder / "songs/x.json", [song(), song(song_id="SO2", title="Über")])
    load(folder, "in_steps")
    write_lines(folder / "logs/b.json", ["bad", event(page="Home", itemInSession=77)])
    return folder, load(folder, "in_steps", max_rejects="100%")


@pytest.fixture
def pair(in_steps: tuple[Path, Any], tmp_path: Path) -> tuple[Any, Any]:
    """Two warehouses of the same input, the first loaded in two steps; the second may be changed."""
    folder, first = in_steps
    sources = {kind: str(folder / kind) for kind in ("logs", "songs")}
    return first, load(tmp_path, "other", **sources, max_rejects="100%")


def test_the_order_of_loading_makes_no_difference(pair: tuple[Any, Any]) -> None:
    found = _compare(*pair, code=0)
    assert found["same"]
    assert {table["table"]: table["counts"][0] for table in found["tables"]} == {
        "staging_events": 31, "staging_songs": 2, "artists": 1, "songs": 2, "users": 1, "users_history": 1, "time": 1,
        "songplays": 30, "etl_rejects": 1, "etl_settings": 6,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "table", "column", "values"),
    [
        ("UPDATE songs SET duration = 269.58322000000004 WHERE song_id = 'SO1'", "songs", "duration",
         (269.58322, 269.58322000000004)),
        ("UPDATE songs SET title = 'über' WHERE song_id = 'SO2'", "songs", "title", ("Über", "über")),
        ("UPDATE users SET last_seen_at = last_seen_at + INTERVAL '1 microsecond'", "users", "last_seen_at",
         ("2018-11-02T01:25:34.796000", "2018-11-02T01:25:34.796001")),
        ("UPDATE etl_rejects SET byte_offset = 1", "etl_rejects", "byte_offset", (0, 1)),
        ("UPDATE staging_events SET length = NULL WHERE \"itemInSession\" = 9", "staging_events", "length",
         (109.1, None)),
    ],
)  # fmt: skip
def test_the_smallest_difference_is_found_and_shown(
    pair: tuple[Any, Any], change: str, table: str, column: str, values: tuple[object, object]
) -> None:
    meddle(pair[1], change)
    found = _compare(*pair, code=1)
    assert [each["table"] for each in found["tables"] if not each["same"]] == [table]
    (different,) = (each for each in found["tables"] if not each["same"])
    assert different["differing"] == [1, 1]
    assert [(row["only_in"], row[column]) for row in different["rows"]] == [("A", values[0]), ("B", values[1])]


def test_a_row_too_many_is_found_even_if_the_other_side_has_its_like(pair: tuple[Any, Any]) -> None:
    meddle(pair[1], 'INSERT INTO staging_events SELECT * FROM staging_events WHERE "itemInSession" = 3')
    found = _compare(*pair, code=1)
    (different,) = (each for each in found["tables"] if not each["same"])
    assert (different["table"], different["counts"], different["differing"]) == ("staging_events", [31, 32], [0, 1])


def test_a_warehouse_without_tables_cannot_be_compared(tmp_path: Path, pair: tuple[Any, Any]) -> None:
    done = _run(pair[0], warehouse(tmp_path, "empty"))
    assert done.returncode == 1
    assert "no warehouse" in done.stderr or "no schema" in done.stderr
