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
        "ts_plausible": 15,
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
    assert _warnings(tmp_path, 2)["ts_plausible"] == 40


def test_events_that_are_no_plays_and_songs_that_are_not_chosen_are_looked_at_too(tmp_path: Path) -> None:
    """What warns is a value of the input, whether the star shows it or not; and each chunk looks at its own rows."""
    write_lines(tmp_path / "logs/a.json", [event(), event(ts=1541121934, page="Home", itemInSession=1)])
    write_lines(tmp_path / "logs/b.json", [event(ts=1541121935, page="Home", userId=None, itemInSession=2)])
    write_lines(tmp_path / "songs/a.json", [song(artist_latitude=51.5, artist_longitude=0.1, artist_location="London")])
    write_lines(tmp_path / "songs/b.json", [song(song_id="SO2", artist_latitude=0, artist_longitude=0.0, title="Z")])
    for chunk_files in (100, 1):
        found = _warnings(tmp_path, chunk_files)
        assert (found["ts_plausible"], found["coordinates_known"]) == (2, 1)
    write_lines(tmp_path / "logs/c.json", [event(itemInSession=3)])
    assert {"ts_plausible", "coordinates_known"}.isdisjoint(_warnings(tmp_path, 1))
