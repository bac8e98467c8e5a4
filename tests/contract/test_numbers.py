"""Every finite double and every time from 1970 to 9999 passes through every statement on every engine."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support import event, load, picture, rows, song, write_lines

from sparkify.contract import LAST_TS

SMALLEST, LARGEST = 5e-324, 1.7e308
EXTREMES = (
    SMALLEST,
    -SMALLEST,
    2.2250738585072014e-308,
    LARGEST,
    -LARGEST,
    1.7976931348623157e308,
    -0.0,
    0.0,
    1.0,
    None,
)


def test_every_finite_double_is_loaded_matched_and_matched_again(tmp_path: Path) -> None:
    plays = [event(itemInSession=number, length=length) for number, length in enumerate(EXTREMES)]
    write_lines(tmp_path / "logs/a.json", plays)
    songs = [song(song_id=f"SO{number}", duration=duration) for number, duration in enumerate(EXTREMES)]
    write_lines(tmp_path / "songs/a.json", songs)
    grown = load(tmp_path, "grown")
    found = dict(rows(grown, "SELECT songplay_id, song_id FROM songplays"))
    # 0.0 and -0.0 are one number: of the songs at the same distance the smallest id wins.
    expected = {number: f"SO{number}" for number in range(len(EXTREMES))} | {7: "SO6"}
    expected[9] = "SO0"  # a play without a length is as near to one song as to another
    assert {int(key.rsplit("-", 1)[1]): song_id for key, song_id in found.items()} == expected
    write_lines(tmp_path / "logs/b.json", [event(itemInSession=100, length=-0.0, song="Unknown")])
    write_lines(tmp_path / "logs/c.json", [event(itemInSession=101, length=0, song="Unknown")])
    write_lines(tmp_path / "songs/a.json", songs[1:])
    load(tmp_path, "grown", chunk_files=1)
    assert picture(grown) == picture(load(tmp_path, "once"))
    lengths = rows(grown, "SELECT length FROM etl_matches WHERE song = 'Unknown'")
    assert [str(length) for (length,) in lengths] == ["0.0"]


def test_zero_is_a_length_and_null_is_none(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(length=0), event(itemInSession=1, length=None)])
    loaded = load(tmp_path)
    assert rows(loaded, "SELECT length, plays FROM etl_matches ORDER BY length") == [(0.0, 1), (None, 1)]
    assert rows(loaded, "SELECT duration FROM songs") == [(0.0,)]


def test_the_nearest_of_tiny_and_of_huge_durations_is_found(tmp_path: Path) -> None:
    near = {"tiny": (3e-320, (1e-320, 2.9e-320, 1e-300)), "huge": (1.7e308, (-1.7e308, 1e308, 1e300))}
    for name, (length, durations) in near.items():
        write_lines(
            tmp_path / f"logs/{name}.json", [event(userId="1" if name == "tiny" else "2", song=name, length=length)]
        )
        records = [
            song(song_id=f"{name}{number}", title=name, duration=duration) for number, duration in enumerate(durations)
        ]
        write_lines(tmp_path / f"songs/{name}.json", records)
    assert rows(load(tmp_path), "SELECT song_id FROM songplays ORDER BY user_id") == [("tiny1",), ("huge1",)]


def test_times_are_kept_to_the_millisecond_from_1970_to_9999(tmp_path: Path) -> None:
    chance = random.Random(4)
    times = [0, 1, 999, 1000, 86_399_999, 72_057_594_037_927, LAST_TS - 1, LAST_TS]
    times += [chance.randint(0, LAST_TS) for _ in range(500)]
    write_lines(tmp_path / "logs/a.json", [event(ts=ts, itemInSession=number) for number, ts in enumerate(times)])
    loaded = load(tmp_path)
    epoch = datetime(1970, 1, 1)
    for table, column in (("songplays", "start_time"), ("time", "start_time")):
        found = {
            (start - epoch) // timedelta(milliseconds=1) for (start,) in rows(loaded, f'SELECT {column} FROM "{table}"')
        }
        assert found == set(times), table
        assert not [start for (start,) in rows(loaded, f'SELECT {column} FROM "{table}"') if start.microsecond % 1000]
    assert rows(loaded, "SELECT last_seen_at FROM users") == [(datetime.max.replace(microsecond=999_000),)]
    assert rows(loaded, "SELECT MAX(start_time) FROM songplays") == [
        (datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + timedelta(milliseconds=LAST_TS),)
    ]
    parts = rows(loaded, 'SELECT start_time, hour, day, week, month, year, weekday FROM "time"')
    for start, *found_parts in parts:
        wanted = [start.hour, start.day, start.isocalendar().week, start.month, start.year, start.isoweekday() % 7]
        assert found_parts == wanted


def test_plays_of_one_session_number_at_different_times_are_different_plays(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(ts=1000), event(ts=2000)])
    write_lines(tmp_path / "logs/b.json", [event(ts=1000), event(ts=3000)])
    loaded = load(tmp_path, chunk_files=1)
    assert rows(loaded, "SELECT songplay_id FROM songplays ORDER BY start_time") == [
        ("1000-1-1-0",), ("2000-1-1-0",), ("3000-1-1-0",)
    ]  # fmt: skip


def test_songs_are_ordered_by_trimmed_ids_and_raw_names(tmp_path: Path) -> None:
    """Spaces at the end of an id do not count, those of a title and of a name do, and so does their spelling."""
    by_artist = [song(artist_id="AR2"), song(artist_id="AR1 ", year=1999), song(artist_id="AR1", year=2005)]
    by_title = [song(song_id="SO2", title="Setanta matins "), song(song_id="SO2 ", title="Setanta matins", year=1)]
    by_case = [song(song_id="SO3", title="a"), song(song_id="SO3", title="B")]
    write_lines(tmp_path / "songs/a.json", [*by_artist, *by_title, *by_case])
    write_lines(tmp_path / "logs/a.json", [event()])
    loaded = load(tmp_path)
    found = rows(loaded, "SELECT song_id, title || '.', artist_id, year FROM songs ORDER BY song_id")
    assert found == [
        ("SO1", "Setanta matins.", "AR1", 1999),
        ("SO2", "Setanta matins.", "AR1", 1),
        ("SO3", "B.", "AR1", None),
    ]
