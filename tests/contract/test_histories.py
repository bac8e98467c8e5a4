"""Histories of files that are easily got wrong, one by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support import event, load, picture, rows, song, url_of, write_lines
from tests.support import warehouse as warehouse_of

import sparkify


def _same_as_full_load(folder: Path, **settings: Any) -> None:
    grown = load(folder, "grown", **settings)
    assert picture(grown) == picture(load(folder, "once", **settings))


def test_the_loser_of_a_duplicate_takes_the_winners_place(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(level="free", song="Early")])
    write_lines(tmp_path / "logs/b.json", [event(level="paid", song="Late")])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT level FROM songplays") == [("free",)]
    (tmp_path / "logs/a.json").unlink()
    load(tmp_path, "grown", prune=True)
    assert rows(warehouse, "SELECT level FROM songplays") == [("paid",)]
    assert rows(warehouse, "SELECT title FROM songs") == [("Late",)]
    _same_as_full_load(tmp_path)


def test_a_changed_file_replaces_its_own_rows_while_another_holds_a_copy(tmp_path: Path) -> None:
    for name in "ab":
        write_lines(tmp_path / f"logs/{name}.json", [event(), event(page="Home", userId="2")])
    load(tmp_path, "grown")
    write_lines(tmp_path / "logs/a.json", [event(itemInSession=7)])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT songplay_id FROM songplays ORDER BY 1") == [
        ("1541121934796-1-1-0",),
        ("1541121934796-1-1-7",),
    ]
    _same_as_full_load(tmp_path)


def test_songs_that_arrive_late_heal_their_plays(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), event(itemInSession=1, song="Other")])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT COUNT(*) FROM songs WHERE inferred") == [(2,)]
    write_lines(tmp_path / "songs/x.json", [song()])
    load(tmp_path, "grown")
    assert rows(warehouse, "SELECT song_id, artist_id FROM songplays WHERE songplay_id = '1541121934796-1-1-0'") == [
        ("SO1", "AR1")
    ]
    assert rows(warehouse, "SELECT artist_id FROM songplays WHERE songplay_id = '1541121934796-1-1-1'") == [("AR1",)]
    assert rows(warehouse, "SELECT name, inferred FROM artists") == [("Elena", False)]
    _same_as_full_load(tmp_path)


def test_a_song_that_arrives_late_heals_a_play_that_two_files_hold(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(location="Paris")])
    write_lines(tmp_path / "logs/b.json", [event(level="paid", location="London")])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT songplay_id, level FROM songplays") == [("1541121934796-1-1-0", "free")]
    write_lines(tmp_path / "songs/x.json", [song()])
    load(tmp_path, "grown")
    assert rows(warehouse, "SELECT songplay_id, level, song_id FROM songplays") == [
        ("1541121934796-1-1-0", "free", "SO1")
    ]
    _same_as_full_load(tmp_path)


def test_a_song_that_plays_had_matched_goes(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    write_lines(tmp_path / "songs/x.json", [song()])
    load(tmp_path, "grown")
    write_lines(tmp_path / "songs/x.json", [song(title="Renamed")])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT song_id FROM songplays")[0][0].startswith("SOX")
    _same_as_full_load(tmp_path)


def test_a_songs_record_moves_to_another_artist(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    write_lines(tmp_path / "songs/x.json", [song(artist_id="AR2")])
    load(tmp_path, "grown")
    write_lines(tmp_path / "songs/y.json", [song(artist_id="AR1")])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT artist_id FROM songplays") == [("AR1",)]
    _same_as_full_load(tmp_path)


def test_an_artist_becomes_known_before_the_song_does(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    load(tmp_path, "grown")
    write_lines(tmp_path / "songs/x.json", [song(title="Another", song_id="SO9")])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT artist_id FROM songplays") == [("AR1",)]
    write_lines(tmp_path / "songs/y.json", [song()])
    load(tmp_path, "grown")
    assert rows(warehouse, "SELECT song_id FROM songplays") == [("SO1",)]
    _same_as_full_load(tmp_path)


def test_a_users_values_follow_the_latest_event_even_if_it_arrives_first(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(level="paid", ts=5000)])
    load(tmp_path, "grown")
    write_lines(tmp_path / "logs/b.json", [event(level="free", ts=4000, itemInSession=1)])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT level FROM users") == [("paid",)]
    _same_as_full_load(tmp_path)


@pytest.mark.parametrize("before", ["infer", "null", "drop"])
@pytest.mark.parametrize("after", ["infer", "null", "drop"])
def test_a_changed_setting_rebuilds_the_star(tmp_path: Path, before: str, after: str) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), event(itemInSession=1, song="Unknown")])
    write_lines(tmp_path / "songs/x.json", [song()])
    load(tmp_path, "grown", unknown_songs=before)
    _same_as_full_load(tmp_path, unknown_songs=after)


def test_a_file_with_another_time_and_the_same_content_is_not_loaded_again(tmp_path: Path) -> None:
    import os

    path = write_lines(tmp_path / "logs/a.json", [event()])
    warehouse = load(tmp_path)
    os.utime(path, (1, 1))
    load(tmp_path)
    ((file_id, tag),) = rows(warehouse, "SELECT file_id, content_tag FROM etl_files")
    assert file_id == 1
    assert tag.startswith(f"{path.stat().st_size}-1000000000-")


def test_a_file_rewritten_within_the_tick_of_the_clock_is_noticed(tmp_path: Path) -> None:
    import os

    path = write_lines(tmp_path / "logs/a.json", [event(level="free")])
    stamp = path.stat().st_mtime_ns
    warehouse = load(tmp_path)
    write_lines(path, [event(level="paid")])
    os.utime(path, ns=(stamp, stamp))
    load(tmp_path)
    assert rows(warehouse, "SELECT level FROM songplays") == [("paid",)]


def test_vanished_files_stay_until_they_are_pruned(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    gone = write_lines(tmp_path / "logs/b.json", [event(itemInSession=1)])
    warehouse = load(tmp_path)
    gone.unlink()
    load(tmp_path)
    assert rows(warehouse, "SELECT COUNT(*) FROM songplays") == [(2,)]
    load(tmp_path, prune=True)
    assert rows(warehouse, "SELECT COUNT(*) FROM songplays") == [(1,)]


def test_a_failed_listing_never_prunes(tmp_path: Path) -> None:
    from sparkify.errors import SourceError

    path = write_lines(tmp_path / "logs/a.json", [event()])
    warehouse = load(tmp_path)
    path.unlink()
    with pytest.raises(SourceError):
        load(tmp_path, prune=True)
    assert rows(warehouse, "SELECT COUNT(*) FROM songplays") == [(1,)]


def _levels(warehouse: Any) -> list[tuple[Any, ...]]:
    found = rows(warehouse, "SELECT level, valid_from, valid_to, current FROM users_history ORDER BY valid_from")
    return [(level, _millis(start), _millis(end), current) for level, start, end, current in found]


def _millis(time: datetime | None) -> int | None:
    return None if time is None else (time - datetime(1970, 1, 1)) // timedelta(milliseconds=1)


def test_an_event_that_arrives_late_changes_the_history_of_levels(tmp_path: Path) -> None:
    day = 86_400_000
    write_lines(tmp_path / "logs/a.json", [event(level="free", ts=1000), event(level="free", ts=5 * day)])
    warehouse = load(tmp_path, "grown")
    assert _levels(warehouse) == [("free", 1000, None, True)]
    write_lines(tmp_path / "logs/b.json", [event(level="paid", ts=2 * day, page="Home")])
    load(tmp_path, "grown")
    late = [("free", 1000, 2 * day, False), ("paid", 2 * day, 5 * day, False), ("free", 5 * day, None, True)]
    assert _levels(warehouse) == late
    write_lines(tmp_path / "logs/c.json", [event(level="free", ts=2 * day - 1), event(level="paid", ts=2 * day + 7)])
    load(tmp_path, "grown")
    assert _levels(warehouse) == late
    _same_as_full_load(tmp_path)
    (tmp_path / "logs/b.json").unlink()
    load(tmp_path, "grown", prune=True)
    assert _levels(warehouse)[1] == ("paid", 2 * day + 7, 5 * day, False)


def test_of_events_in_one_millisecond_the_last_says_the_level(tmp_path: Path) -> None:
    same = [("paid", 1, 3), ("free", 1, 2), ("paid", 2, 0), ("free", 2, 1)]
    records = [event(level=level, sessionId=session, itemInSession=item, ts=50) for level, session, item in same]
    write_lines(tmp_path / "logs/a.json", [event(level="paid", ts=49, itemInSession=9), *records])
    write_lines(tmp_path / "logs/b.json", [event(level="paid", ts=49, userId="", page="Home")])
    assert _levels(load(tmp_path)) == [("paid", 49, 50, False), ("free", 50, None, True)]


def test_a_user_whose_events_all_go_has_no_history(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event()])
    gone = write_lines(tmp_path / "logs/b.json", [event(userId="2", level="paid")])
    warehouse = load(tmp_path)
    gone.unlink()
    load(tmp_path, prune=True)
    assert rows(warehouse, "SELECT user_id FROM users_history") == [(1,)]


TWICE = "Bj\u00c3\u0083\u00c2\u00b6rk"


def test_texts_are_repaired_on_both_sides_before_they_are_compared(tmp_path: Path) -> None:
    once = TWICE.encode("latin-1").decode("utf-8")
    write_lines(tmp_path / "logs/a.json", [event(artist=TWICE, song=once, firstName=TWICE)])
    write_lines(tmp_path / "logs/b.json", [event(artist="Björk", song="Björk", itemInSession=1, userId="2")])
    warehouse = load(tmp_path, "grown")
    assert rows(warehouse, "SELECT title, inferred FROM songs") == [("Björk", True)]
    assert rows(warehouse, "SELECT name, inferred FROM artists") == [("Björk", True)]
    assert rows(warehouse, "SELECT first_name FROM users ORDER BY user_id") == [("Björk",), ("Ada",)]
    assert rows(warehouse, "SELECT COUNT(DISTINCT song_id) FROM songplays") == [(1,)]
    write_lines(tmp_path / "songs/x.json", [song(title=TWICE, artist_name=once, artist_location=TWICE)])
    load(tmp_path, "grown")
    assert rows(warehouse, "SELECT song_id, artist_id FROM songplays") == [("SO1", "AR1")] * 2
    assert rows(warehouse, "SELECT title, inferred FROM songs") == [("Björk", False)]
    assert rows(warehouse, "SELECT name, location FROM artists") == [("Björk", "Björk")]
    assert rows(warehouse, "SELECT DISTINCT title, artist_name FROM staging_songs") == [(TWICE, once)]
    _same_as_full_load(tmp_path)


def test_without_repair_misencoded_texts_stay_and_match_nothing_else(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(artist=TWICE), event(artist="Björk", itemInSession=1)])
    write_lines(tmp_path / "songs/x.json", [song(artist_name="Björk")])
    warehouse = load(tmp_path, "grown", repair_text=False)
    assert rows(warehouse, "SELECT name FROM artists WHERE inferred") == [(TWICE,)]
    assert rows(warehouse, "SELECT COUNT(DISTINCT song_id) FROM songplays") == [(2,)]


@pytest.mark.parametrize("before", [True, False])
def test_a_changed_repair_text_rebuilds_the_star_and_says_so(tmp_path: Path, before: bool) -> None:
    write_lines(tmp_path / "logs/a.json", [event(artist=TWICE), event(artist="Björk", itemInSession=1)])
    warehouse = load(tmp_path, "grown", repair_text=before)
    with sparkify.connect(url_of(warehouse)) as connection:
        summary = connection.etl(logs=str(tmp_path / "logs"), repair_text=not before)
    now, then = str(not before).lower(), str(before).lower()
    assert summary.rebuilt_because == f"repair_text changed from {then} to {now}"
    assert (summary.repaired_texts, summary.repaired_rows) == ((0, 0) if before else (1, 1))
    _same_as_full_load(tmp_path, repair_text=not before)


def test_repairs_are_counted_where_rows_are_new_or_changed(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(artist=TWICE), event(artist=TWICE, song=TWICE, itemInSession=1)])
    write_lines(tmp_path / "logs/b.json", [event(artist=TWICE, itemInSession=2, userId="2", lastName=f"{TWICE} x")])
    chosen: dict[str, Any] = {"logs": str(tmp_path / "logs"), "songs": str(tmp_path / "songs"), "chunk_files": 1}
    write_lines(tmp_path / "songs/x.json", [song()])
    with sparkify.connect(url_of(place := warehouse_of(tmp_path, "counted"))) as connection:
        first = connection.etl(**chosen)
        assert (first.repaired_texts, first.repaired_rows) == (2, 2 + 2)
        write_lines(tmp_path / "logs/c.json", [event(ts=9, itemInSession=3)])
        second = connection.etl(**chosen)
        assert (second.repaired_texts, second.repaired_rows) == (0, 0)
        write_lines(tmp_path / "songs/y.json", [song(song_id="SO2", artist_name=TWICE)])
        third = connection.etl(**chosen)
        assert (third.repaired_texts, third.repaired_rows) == (1, 1)
    assert rows(place, "SELECT COUNT(*) FROM songplays WHERE song_id = 'SO2'") == [(2,)]


def test_spaces_at_the_end_count_nowhere(tmp_path: Path) -> None:
    """Neither in pages and levels nor in ids: engines do not agree whether they count in a comparison."""
    plays = [
        event(page="NextSong  ", level="free "),
        event(itemInSession=1, ts=1541121934797, level="free"),
        event(itemInSession=2, ts=1541121934798, level="paid  ", page="Home "),
        event(itemInSession=3, ts=1541121934799, page="NextSong x", userId=""),
    ]
    write_lines(tmp_path / "logs/a.json", plays)
    write_lines(tmp_path / "logs/b.json", [event(page="NextSong ", userId="")])
    records = [song(song_id="SO1 ", title="Setanta matins "), song(song_id="SO1", artist_id="AR1  ", year=1999)]
    write_lines(tmp_path / "songs/x.json", records)
    for warehouse in (load(tmp_path), load(tmp_path, "two", chunk_files=1)):
        plays_found = rows(warehouse, "SELECT songplay_id, level, song_id, artist_id FROM songplays ORDER BY 1")
        assert plays_found == [
            ("1541121934796-1-1-0", "free", "SO1", "AR1"),
            ("1541121934797-1-1-1", "free", "SO1", "AR1"),
        ]
        assert rows(warehouse, "SELECT song_id, title, artist_id FROM songs") == [("SO1", "Setanta matins", "AR1")]
        assert rows(warehouse, "SELECT artist_id FROM artists") == [("AR1",)]
        assert rows(warehouse, "SELECT level FROM users") == [("paid",)]
        assert rows(warehouse, "SELECT level FROM users_history ORDER BY valid_from") == [("free",), ("paid",)]
        assert rows(warehouse, "SELECT field FROM etl_rejects") == [("userId",)]
        assert rows(warehouse, "SELECT COUNT(*) FROM staging_events WHERE page || '.' = 'NextSong  .'") == [(1,)]


def test_a_name_that_gains_a_space_is_replaced(tmp_path: Path) -> None:
    """To an engine that passes over spaces at the end it is the same name; staging and star keep each letter."""
    write_lines(tmp_path / "logs/a.json", [event(artist="Muse", song="One")])
    for number, name in enumerate(("Muse", "Muse ", "Muse")):
        write_lines(tmp_path / "songs/x.json", [song(title=name, artist_name=name)])
        grown = load(tmp_path)
        assert rows(grown, "SELECT name || '.' FROM artists WHERE NOT inferred") == [(f"{name}.",)]
        assert rows(grown, "SELECT title || '.' FROM songs WHERE NOT inferred") == [(f"{name}.",)]
        assert picture(grown) == picture(load(tmp_path, f"once_{number}"))
