"""Each form of a file with each kind of damage, plain and packed: the warehouse, the screen and the exit code."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from tests.cases.forms import DAMAGES, FORMS, PACKINGS, RECORDS, files
from tests.support import rows
from tests.unit.command import Done, sparkify

LOADED = sum(damage.loaded for damage in DAMAGES.values())


def etl(folder: Path, **contents: bytes) -> Done:
    """Load files of logs, by name."""
    (folder / "logs").mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / "logs" / name).write_bytes(content)
    where = ("--logs", "logs", "--warehouse", "duckdb:///w.duckdb", "--max-rejects", "100%")
    return sparkify("etl", *where, cwd=folder)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", FORMS)
def test_each_kind_of_damage_costs_what_it_hits_and_nothing_else(tmp_path: Path, form: str, packing: str) -> None:
    done = etl(tmp_path, **files(form, packing))
    assert done.returncode == 0, done.stderr
    warehouse = tmp_path / "w.duckdb"
    found = rows(warehouse, "SELECT records, loaded, rejected, state FROM etl_files ORDER BY uri")
    by_name = dict(zip(DAMAGES, found, strict=True))
    assert by_name == {
        name: (damage.loaded + damage.rejected(form), damage.loaded, damage.rejected(form), "loaded")
        for name, damage in DAMAGES.items()
    }
    sql = "SELECT f.uri, string_agg(r.field, ',') FROM etl_files AS f JOIN etl_rejects AS r USING (file_id) GROUP BY 1"
    named = {int(uri.rsplit("/", 1)[1][:2]): tuple(fields.split(",")) for uri, fields in rows(warehouse, sql)}
    assert named == {at: damage.fields for at, damage in enumerate(DAMAGES.values()) if damage.fields}
    plays = rows(warehouse, 'SELECT DISTINCT "itemInSession" FROM staging_events')
    assert len(plays) == LOADED, "each play is loaded once"
    assert rows(warehouse, "SELECT COUNT(*) FROM songplays") == [(LOADED,)]
    rejected = sum(damage.rejected(form) for damage in DAMAGES.values())
    assert f"rejected {rejected} of {LOADED + rejected} records" in done.stderr


GOOD = files("lines", "")["00.json"]


def _flipped(content: bytes) -> bytes:
    """The content with a bit of its last fifth changed."""
    at = len(content) * 4 // 5
    return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


PACKED = {name: pack for name, pack in PACKINGS.items() if name}
BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda packed: packed[: len(packed) // 2],
    "its last byte cut": lambda packed: packed[:-1],
    "flipped": _flipped,
    "its first bytes alone": lambda packed: packed[:6],
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("packing", PACKED)
def test_a_broken_packed_file_fails_alone(tmp_path: Path, packing: str, how: str) -> None:
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(GOOD) if packing == ".zst" else gzip.compress(GOOD)
    done = etl(tmp_path, **{f"bad.json{packing}": BROKEN[how](packed), "good.json": GOOD})
    assert done.returncode == 1, done.stderr
    assert f"bad.json{packing}" in done.stderr
    found = rows(tmp_path / "w.duckdb", "SELECT state, loaded FROM etl_files ORDER BY uri")
    assert found == [("failed", 0), ("loaded", RECORDS)]
    assert rows(tmp_path / "w.duckdb", "SELECT COUNT(*) FROM staging_events") == [(RECORDS,)]


@pytest.mark.parametrize("outer", PACKED)
@pytest.mark.parametrize("inner", PACKED)
def test_a_file_packed_twice_fails_alone(tmp_path: Path, inner: str, outer: str) -> None:
    done = etl(tmp_path, **{"bad.json": PACKED[outer](PACKED[inner](GOOD)), "good.json": GOOD})
    assert done.returncode == 1, done.stderr
    assert "packed twice" in done.stderr
    assert rows(tmp_path / "w.duckdb", "SELECT COUNT(*) FROM staging_events") == [(RECORDS,)]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("named", [".json", ".json.gz", ".json.zst", ".JSONL", ".ndjson.GZ"])
def test_the_content_decides_how_a_file_is_packed(tmp_path: Path, packing: str, named: str) -> None:
    done = etl(tmp_path, **{f"a{named}": PACKINGS[packing](GOOD)})
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "w.duckdb", "SELECT records, loaded FROM etl_files") == [(RECORDS, RECORDS)]


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("form", ["lines", "array", "pretty"])
def test_members_one_after_another_are_one_file(tmp_path: Path, packing: str, form: str) -> None:
    """As `cat a.gz b.gz` and log shippers write them; a member may end within a record."""
    raw = DAMAGES["none"].content(form, 0)
    parts = [raw[: len(raw) // 3], raw[len(raw) // 3 : len(raw) // 2], raw[len(raw) // 2 :]]
    done = etl(tmp_path, **{f"a.json{packing}": b"".join(map(PACKED[packing], parts))})
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "w.duckdb", "SELECT records, loaded FROM etl_files") == [(RECORDS, RECORDS)]
