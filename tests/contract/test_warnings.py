"""Warnings count rows of the whole run, however it was split into chunks."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import event, song, url_of, warehouse, write_lines

import sparkify
from sparkify.star import checks


def _warnings(folder: Path, chunk_files: int) -> dict[str, int]:
    with sparkify.connect(url_of(warehouse(folder, f"w{chunk_files}"))) as connection:
        summary = connection.etl(logs=str(folder / "logs"), songs=str(folder / "songs"), chunk_files=chunk_files)
        return {name: count for name, (count, _) in summary.warnings.items()}


@pytest.mark.parametrize("chunk_files", [1, 3, 100])
def test_a_row_that_several_chunks_touch_counts_once(tmp_path: Path, chunk_files: int) -> None:
    for number in range(4):
        place = {"artist_latitude": 0, "artist_longitude": 0}
        write_lines(tmp_path / f"songs/{number}.json", [song(song_id=f"SO{number}", **place)])
        plays = [event(itemInSession=item, ts=item, gender="X", length=100 + number) for item in range(number, 15)]
        write_lines(tmp_path / f"logs/{number}.json", plays)
    expected = {
        "coordinates_known": 1,
        "gender_known": 1,
        "start_time_plausible": 15,
        "duplicates_agree": 14,
    }
    found = _warnings(tmp_path, chunk_files)
    assert {name: found[name] for name in expected} == expected


def test_rows_beyond_the_bound_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_KEYS", 11)
    write_lines(tmp_path / "songs/a.json", [song()])
    for number in range(2):
        plays = [event(itemInSession=item, sessionId=number, ts=item) for item in range(20)]
        write_lines(tmp_path / f"logs/{number}.json", plays)
    assert _warnings(tmp_path, 2)["start_time_plausible"] == 40
