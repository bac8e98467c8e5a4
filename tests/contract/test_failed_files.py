"""A file of which nothing is accepted has failed: the others load, and it is named until it loads.

What a file holds is found by the reader, before any engine: each kind is loaded alone on DuckDB, and all of them in one
run on every engine.
"""

from __future__ import annotations

import bz2
import gzip
import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.support import DUCKDB, event, load, picture, rows, song, url_of, warehouse, write_lines
from tests.unit.command import Done, settings, sparkify

STATES = "SELECT state, records, loaded, rejected, replayed FROM etl_files WHERE uri LIKE '%/a.json'"
BAD = event(ts=5.7)
on_duckdb = pytest.mark.only.with_args(lambda given: given["engine"] == DUCKDB)
MISNAMED = {**event(), "sessionid": 1}
del MISNAMED["sessionId"]


def _etl(folder: Path, *options: str) -> Done:
    sources = [part for kind in ("logs", "songs") if (folder / kind).is_dir() for part in (f"--{kind}", kind)]
    return sparkify("etl", *sources, "--warehouse", url_of(warehouse(folder)), *options, cwd=folder, env=settings())


def _command(folder: Path, *arguments: str) -> Done:
    return sparkify(*arguments, "--warehouse", url_of(warehouse(folder)), cwd=folder, env=settings())


def _good(folder: Path) -> Path:
    return write_lines(folder / "logs/good.json", [event(itemInSession=number) for number in range(3)])


FAILED: dict[str, tuple[list[Any], str]] = {
    "spans": (["hello", "world"], "holds nothing that could be loaded"),
    "html": (["<html>", "</html>"], "HTML"),
    "one span": (["hello"], "holds nothing that could be loaded"),
    "all misnamed": ([MISNAMED, MISNAMED], "name it sessionId, not sessionid"),
    "one misnamed": ([MISNAMED], "name it sessionId, not sessionid"),
    "wrapped": ([{"events": [event(), event()]}], '"events"'),
    "wrapped under a field of songs": ([{"title": [event()]}], '"title"'),
    "wrapped and cut off": ([json.dumps({"Records": [event()] * 3})[:-50]], '"Records"'),
    "pandas": ([{name: {"0": value} for name, value in event().items()}], "column-oriented"),
    "songs": ([song(), song()], "did you swap --logs and --songs?"),
    "two flawed": ([BAD, BAD], "ts is 5.7"),
    "flawed and span": ([BAD, "hello"], "ts is 5.7"),
}


@on_duckdb
@pytest.mark.parametrize("name", FAILED)
def test_a_file_of_which_nothing_is_accepted_fails_alone(tmp_path: Path, name: str) -> None:
    lines, says = FAILED[name]
    write_lines(tmp_path / "logs/a.json", lines)
    _good(tmp_path)
    for _ in range(2):
        done = _etl(tmp_path, "--max-rejects", "0")
        assert done.returncode == 1, done.stderr
        failed = next(line for line in done.stderr.splitlines() if line.startswith("failed: "))
        assert "a.json" in failed and says in failed
    state, records, loaded, rejected, replayed = rows(warehouse(tmp_path), STATES)[0]
    assert (state, loaded, replayed) == ("failed", 0, 0)
    assert records == rejected > 0
    assert rows(warehouse(tmp_path), "SELECT COUNT(*) FROM songplays") == [(3,)]


ORDINARY: dict[str, list[Any]] = {
    "a value": [BAD],
    "an empty level": [event(level="")],
    "a list in one field": [event(artist=["Elena"])],
    "a name twice": [json.dumps(event())[:-1] + ', "ts": 1}'],
    "not UTF-8": [json.dumps(event(artist="X")).encode().replace(b'"X"', b'"\xff"')],
}


@on_duckdb
@pytest.mark.parametrize("name", ORDINARY)
def test_a_single_record_with_every_name_is_an_ordinary_reject(tmp_path: Path, name: str) -> None:
    write_lines(tmp_path / "logs/a.json", ORDINARY[name])
    _good(tmp_path)
    done = _etl(tmp_path)
    assert (done.returncode, "failed: " in done.stderr) == (0, False), done.stderr
    assert rows(warehouse(tmp_path), STATES) == [("loaded", 1, 0, 1, 0)]


SEPARATORS = [b"", b" \n\n", b"[]", b"[\n,\n]\n", b"\xef\xbb\xbf", b"[[],[]]"]
PACKED: list[Any] = [bytes, gzip.compress, zstandard.ZstdCompressor().compress]


@on_duckdb
@pytest.mark.parametrize("content", SEPARATORS)
@pytest.mark.parametrize("pack", PACKED)
def test_separators_alone_are_an_empty_file(tmp_path: Path, content: bytes, pack: Any) -> None:
    _good(tmp_path)
    (tmp_path / "logs/a.json").write_bytes(pack(content))
    assert _etl(tmp_path).returncode == 0
    assert rows(warehouse(tmp_path), STATES) == [("loaded", 0, 0, 0, 0)]


FORMATS = [
    (bz2.compress(b"{}"), "bzip2"),
    (b"PAR1....PAR1", "Parquet"),
    (gzip.compress(bz2.compress(b"{}")), "bzip2"),
    (gzip.compress(gzip.compress(b"{}")), "packed twice"),
    (zstandard.ZstdCompressor().compress(gzip.compress(b"{}")), "packed twice"),
]


@on_duckdb
@pytest.mark.parametrize(("content", "says"), FORMATS)
def test_other_formats_fail_alone(tmp_path: Path, content: bytes, says: str) -> None:
    _good(tmp_path)
    (tmp_path / "logs/a.json").write_bytes(content)
    done = _etl(tmp_path)
    assert done.returncode == 1 and says in done.stderr, done.stderr
    assert rows(warehouse(tmp_path), STATES) == [("failed", 0, 0, 0, 0)]


def test_files_of_every_kind_in_one_run(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    fails: dict[str, str] = {}
    for number, (lines, says) in enumerate(FAILED.values()):
        fails[write_lines(logs / f"failed-{number}.json", lines).name] = says
    for number, (content, says) in enumerate(FORMATS):
        (logs / f"format-{number}.json").write_bytes(content)
        fails[f"format-{number}.json"] = says
    for number, lines in enumerate(ORDINARY.values()):
        write_lines(logs / f"ordinary-{number}.json", lines)
    for number, (pack, content) in enumerate(product(PACKED, SEPARATORS)):
        (logs / f"separators-{number}.json").write_bytes(pack(content))
    _good(tmp_path)
    for _ in range(2):
        done = _etl(tmp_path, "--max-rejects", str(len(ORDINARY)))
        assert done.returncode == 1, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
        named = {name: line for line in lines for name in fails if name in line}
        assert (len(lines), len(named)) == (len(fails), len(fails)), done.stderr
        assert [name for name, says in fails.items() if says not in named[name]] == []
    found: dict[str, set[tuple[Any, ...]]] = {}
    counts = "state, loaded, replayed, records = rejected, records > 0"
    for uri, *row in rows(warehouse(tmp_path), f"SELECT uri, {counts} FROM etl_files"):
        found.setdefault(uri.rsplit("/", 1)[1].split("-")[0], set()).add(tuple(row))
    assert found == {
        "failed": {("failed", 0, 0, True, True)},
        "format": {("failed", 0, 0, True, False)},
        "ordinary": {("loaded", 0, 0, True, True)},
        "separators": {("loaded", 0, 0, True, False)},
        "good.json": {("loaded", 3, 0, False, True)},
    }
    assert rows(warehouse(tmp_path), "SELECT COUNT(*) FROM songplays") == [(3,)]


def test_the_first_1000_rejects_of_a_failed_file_are_kept(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [{**MISNAMED, "userAgent": "x" * 900}] * 2_500)
    _good(tmp_path)
    assert _etl(tmp_path, "--max-rejects", "0").returncode == 1
    assert rows(warehouse(tmp_path), STATES) == [("failed", 2_500, 0, 2_500, 0)]
    kept = "SELECT COUNT(*), MIN(reject_no), MAX(reject_no), MAX(line) FROM etl_rejects"
    assert rows(warehouse(tmp_path), kept) == [(1_000, 1, 1_000, 1_000)]


def test_rows_of_an_earlier_content_go_and_come_back(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", [event(itemInSession=7)])
    _good(tmp_path)
    loaded = load(tmp_path)
    before = picture(loaded)
    write_lines(path, ["<html>"])
    assert _etl(tmp_path).returncode == 1
    assert rows(loaded, "SELECT COUNT(*) FROM staging_events") == [(3,)]
    write_lines(path, [event(itemInSession=7)])
    done = _etl(tmp_path)
    assert (done.returncode, "failed" in done.stderr) == (0, False)
    assert picture(loaded) == before


def test_a_failed_file_is_no_trouble_any_more_when_it_is_excluded_or_gone(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/a.json", ["<html>"])
    _good(tmp_path)
    assert _etl(tmp_path).returncode == 1
    assert _etl(tmp_path, "--exclude", "a.json").returncode == 0
    assert _etl(tmp_path).returncode == 1
    path.unlink()
    assert _etl(tmp_path).returncode == 0


def test_a_replay_that_resolves_all_rejects_ends_the_failure(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [MISNAMED, "hello"])
    _good(tmp_path)
    assert _etl(tmp_path).returncode == 1
    file_id = rows(warehouse(tmp_path), "SELECT file_id FROM etl_files WHERE state = 'failed'")[0][0]
    fixed = write_lines(tmp_path / "fixed", [event(itemInSession=7), event(itemInSession=8)])
    done = _command(tmp_path, "rejects", "replay", "--from", str(fixed))
    assert done.returncode == 0, done.stderr
    done = _etl(tmp_path)
    assert (done.returncode, "failed" in done.stderr) == (0, False), done.stderr
    assert rows(warehouse(tmp_path), STATES) == [("loaded", 2, 0, 2, 2)]
    assert file_id and rows(warehouse(tmp_path), "SELECT COUNT(*) FROM songplays") == [(5,)]


def test_fail_fast_stops_at_the_first(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", ["<html>"])
    _good(tmp_path)
    done = _etl(tmp_path, "--fail-fast")
    assert done.returncode == 1
    assert "HTML" in done.stderr and "--fail-fast" in done.stderr
    assert rows(warehouse(tmp_path), "SELECT COUNT(*) FROM staging_events") == [(0,)]


def test_too_many_rejects_win_over_failed_files(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", ["<html>"])
    write_lines(tmp_path / "logs/b.json", [event(), *["bad"] * 5])
    assert _etl(tmp_path, "--max-rejects", "2").returncode == 3


def test_a_failed_load_is_the_same_however_the_files_are_split(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [MISNAMED] * 3)
    _good(tmp_path)
    write_lines(tmp_path / "songs/a.json", [song()])
    once = load(tmp_path)
    shutil.copytree(tmp_path / "logs", tmp_path / "apart")
    in_parts = load(tmp_path, "parts", chunk_files=1)
    assert picture(once) == picture(in_parts)
