"""A plain file that grows is read on, and the tables are those of a reading from its start."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.support import DUCKDB, LONG, event, load, picture, rows, song, url_of, warehouse, write_lines

import sparkify
from sparkify.etl.summary import Summary

HISTORIES = 60 if LONG else 8


def _line(number: int, **fields: Any) -> bytes:
    return json.dumps(
        event(**{"itemInSession": number, "song": f"Song {number % 5}", "ts": 1541121934796 + number, **fields})
    ).encode()


def _append(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(content)


def _etl(folder: Path, **settings: Any) -> Summary:
    sources = {kind: str(folder / kind) for kind in ("logs", "songs") if (folder / kind).is_dir()}
    with sparkify.connect(url_of(warehouse(folder, "grown"))) as connection:
        return connection.etl(**{**sources, "max_rejects": "100%", **settings})


def _same_as_full_load(folder: Path, name: str = "once") -> None:
    found = picture(warehouse(folder, "grown"))
    assert found == picture(load(folder, name, max_rejects="100%"))


@pytest.mark.only.with_args(lambda given: given["engine"] == DUCKDB or given["seed"] < HISTORIES // 4)
@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_log_that_grows_at_any_byte(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = [
        _line(number, userId=str(chance.randint(1, 3)), level=chance.choice(["free", "paid"])) for number in range(40)
    ]
    for _ in range(chance.randint(0, 6)):
        odd = (b"text", b"{}", b"", b'{"ts": 1', b'["', _line(7, ts="soon"), b'{"a": {"b": ' + _line(99), lines[3])
        lines.insert(chance.randrange(len(lines)), chance.choice(odd))
    content = b"\n".join(lines) + b"\n"
    write_lines(tmp_path / "songs/a.json", [song(title="Song 1")])
    write_lines(tmp_path / "logs/other.json", [event(userId="9", itemInSession=500)])
    begin = grown = 0
    for number, end in enumerate([*sorted(chance.sample(range(1, len(content)), 4)), len(content)]):
        _append(tmp_path / "logs/log.json", content[begin:end])
        begin = end
        grown += _etl(tmp_path).files_grown
        _same_as_full_load(tmp_path, f"once_{number}")
    assert grown


def test_only_what_is_new_is_read_and_a_half_written_line_is_completed(tmp_path: Path) -> None:
    path = tmp_path / "logs/log.json"
    whole, half = _line(2), _line(3)
    _append(path, _line(0) + b"\npoison\n" + _line(1) + b"\n" + half[:50])
    first = _etl(tmp_path)
    assert (first.loaded["events"], first.rejected) == (2, 2)
    place = warehouse(tmp_path, "grown")
    before = rows(place, "SELECT file_id FROM etl_files")
    _append(path, half[50:] + b"\n" + whole + b"\n" + b"more poison\n")
    second = _etl(tmp_path)
    assert (second.files_grown, second.files_changed, second.loaded["events"], second.rejected) == (1, 0, 2, 1)
    assert rows(place, "SELECT file_id FROM etl_files") == before
    assert rows(place, "SELECT records, loaded, rejected FROM etl_files") == [(6, 4, 2)]
    assert sorted(rows(place, "SELECT reject_no, line, raw_text FROM etl_rejects")) == [
        (1, 2, "poison"),
        (2, 6, "more poison"),
    ]
    assert rows(place, "SELECT COUNT(*), COUNT(DISTINCT file_id) FROM staging_events") == [(4, 1)]
    _same_as_full_load(tmp_path)
    third = _etl(tmp_path)
    assert (third.files_loaded, third.files_unchanged) == (0, 1)


def test_a_file_that_has_another_beginning_replaces_its_rows(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "logs/log.json", [_line(0), _line(1)])
    _etl(tmp_path)
    write_lines(path, [_line(5), _line(1), _line(2)])
    again = _etl(tmp_path)
    assert (again.files_grown, again.files_changed, again.loaded["events"]) == (0, 1, 3)
    _same_as_full_load(tmp_path)


def test_a_packed_file_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "logs/log.json.gz"
    _append(path, gzip.compress(_line(0) + b"\n"))
    _etl(tmp_path)
    _append(path, gzip.compress(_line(1) + b"\n"))
    again = _etl(tmp_path)
    assert (again.files_grown, again.files_changed, again.loaded["events"]) == (0, 1, 2)
    _same_as_full_load(tmp_path)


def test_a_catalogue_grows_too(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/log.json", [_line(0), _line(1)])
    path = write_lines(tmp_path / "songs/a.json", [song(title="Song 0", song_id="SO0")])
    _etl(tmp_path)
    with path.open("ab") as file:
        file.write(json.dumps(song(title="Song 1", song_id="SO1")).encode() + b"\n")
    again = _etl(tmp_path)
    assert (again.files_grown, again.loaded["songs"]) == (1, 1)
    assert rows(warehouse(tmp_path, "grown"), "SELECT COUNT(*) FROM songs WHERE NOT inferred") == [(2,)]
    _same_as_full_load(tmp_path)


def test_a_file_with_a_replay_is_read_from_its_start(tmp_path: Path) -> None:
    """What a replay is bound to is counted over the whole file."""
    from contextlib import closing

    from sparkify.config.settings import load as settings_of
    from sparkify.engines.registry import connect
    from sparkify.etl.replay import replay_from

    path = tmp_path / "logs/log.json"
    _append(path, _line(0) + b"\npoison\n")
    _etl(tmp_path)
    url = url_of(warehouse(tmp_path, "grown"))
    settings = settings_of({"warehouse": url}).settings
    with closing(connect(url, settings.access(read_only=False))) as engine:
        replay_from(engine, settings, write_lines(tmp_path / "fixed.json", [_line(7)]), [])
    _append(path, _line(1) + b"\npoison\n")
    again = _etl(tmp_path)
    assert (again.files_grown, again.files_changed) == (0, 1)
    found = rows(warehouse(tmp_path, "grown"), "SELECT records, loaded, rejected, replayed FROM etl_files")
    assert found == [(4, 2, 2, 1)]
    assert rows(warehouse(tmp_path, "grown"), "SELECT COUNT(*) FROM songplays") == [(3,)]


def test_half_written_lines_do_not_add_up_to_too_many_rejects(tmp_path: Path) -> None:
    path = tmp_path / "logs/log.json"
    for number in range(15):
        content = _line(number)
        _append(path, content[:30])
        _etl(tmp_path, max_rejects="1")
        _append(path, content[30:] + b"\n")
    done = _etl(tmp_path, max_rejects="1")
    assert done.rejected == 0
    assert rows(warehouse(tmp_path, "grown"), "SELECT COUNT(*) FROM songplays") == [(15,)]
