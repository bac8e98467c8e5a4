"""The right answers on the real sample, read from the warehouse without Sparkify; and the wrong ones not given."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from tests.support import DUCKDB, REAL, EngineUnderTest, load, needs_real_sample, picture, rows, url_of

pytestmark = needs_real_sample

SETTINGS = ("infer", "null", "drop")
LOGS, SONGS = REAL / "log_data", REAL / "song_data"

CHANGES = 9
"""How often a user's level changed."""

RIGHT = {
    "infer": {
        "songplays": 6820,
        "users": 97,
        "users_history": 97 + CHANGES,
        "time": 6813,
        "songs": 5365,
        "artists": 3206,
    },
    "null": {"songplays": 6820, "users": 97, "users_history": 97 + CHANGES, "time": 6813, "songs": 71, "artists": 69},
    "drop": {"songplays": 1, "users": 97, "users_history": 97 + CHANGES, "time": 1, "songs": 71, "artists": 69},
}


@pytest.fixture(scope="module")
def warehouses(engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("golden")
    return {
        setting: load(folder, setting, logs=str(LOGS), songs=str(SONGS), unknown_songs=setting) for setting in SETTINGS
    }


def count(path: Any, table: str, where: str = "TRUE") -> int:
    found: int = rows(path, f'SELECT COUNT(*) FROM "{table}" WHERE {where}')[0][0]
    return found


@pytest.mark.parametrize("setting", SETTINGS)
def test_rows_of_every_table(warehouses: dict[str, Any], setting: str) -> None:
    path = warehouses[setting]
    assert {name: count(path, name) for name in RIGHT[setting]} == RIGHT[setting]
    assert (count(path, "staging_events"), count(path, "staging_songs")) == (8056, 71)
    assert count(path, "etl_rejects") == 0
    assert (count(path, "etl_files", "kind = 'events'"), count(path, "etl_files", "kind = 'songs'")) == (30, 71)


@pytest.mark.parametrize("setting", SETTINGS)
def test_users(warehouses: dict[str, Any], setting: str) -> None:
    path = warehouses[setting]
    levels = dict(rows(path, "SELECT level, COUNT(*) FROM users GROUP BY level"))
    assert levels == {"free": 75, "paid": 22}
    played = rows(path, "SELECT COUNT(DISTINCT \"userId\") FROM staging_events WHERE page = 'NextSong'")
    assert played == [(96,)]
    in_star = rows(path, "SELECT COUNT(DISTINCT user_id) FROM songplays")
    assert in_star == [(1 if setting == "drop" else 96,)]


def test_inferred_songs_and_artists(warehouses: dict[str, Any]) -> None:
    path = warehouses["infer"]
    assert (count(path, "songs", "inferred"), count(path, "songs", "NOT inferred")) == (5294, 71)
    assert (count(path, "artists", "inferred"), count(path, "artists", "NOT inferred")) == (3137, 69)
    pairs = "SELECT DISTINCT rtrim(artist, ' ') AS a, rtrim(song, ' ') AS s FROM staging_events WHERE page = 'NextSong'"
    assert rows(path, f"SELECT COUNT(*), COUNT(DISTINCT a) FROM ({pairs}) AS p") == [(5295, 3148)]
    known = f"SELECT COUNT(DISTINCT a) FROM ({pairs}) AS p JOIN staging_songs ON rtrim(artist_name, ' ') = a"
    assert rows(path, known) == [(11,)]
    assert count(path, "songplays", "song_id IS NULL OR artist_id IS NULL") == 0


@pytest.mark.parametrize("setting", ["null", "drop"])
def test_nothing_is_inferred_unless_asked_for(warehouses: dict[str, Any], setting: str) -> None:
    path = warehouses[setting]
    assert count(path, "songs", "inferred") == count(path, "artists", "inferred") == 0


def test_keys_of_unknown_songs_are_null(warehouses: dict[str, Any]) -> None:
    path = warehouses["null"]
    assert count(path, "songplays", "song_id IS NOT NULL") == 1
    assert count(path, "songplays", "artist_id IS NOT NULL") == 21


def test_the_one_play_of_a_catalogued_song(warehouses: dict[str, Any]) -> None:
    sql = """
        SELECT p.user_id, s.title, a.name, p.start_time, s.inferred
        FROM songplays AS p JOIN songs AS s USING (song_id) JOIN artists AS a ON a.artist_id = p.artist_id
    """
    only = (15, "Setanta matins", "Elena", datetime(2018, 11, 21, 21, 56, 47, 796000), False)
    assert rows(warehouses["drop"], sql) == [only]
    for setting in ("infer", "null"):
        assert rows(warehouses[setting], f"{sql} WHERE NOT s.inferred") == [only]
    (start,) = rows(warehouses["drop"], 'SELECT * FROM "time"')
    assert start == (only[3], 21, 21, 47, 11, 2018, 3)


@pytest.mark.parametrize("setting", SETTINGS)
def test_milliseconds_are_kept(warehouses: dict[str, Any], setting: str) -> None:
    path = warehouses[setting]
    starts = rows(path, "SELECT songplay_id, start_time FROM songplays")
    times = rows(
        path, 'SELECT "userId", "sessionId", "itemInSession", ts FROM staging_events WHERE page = \'NextSong\''
    )
    staged = {(f"{ts}-{user}-{session}-{item}", ts) for user, session, item, ts in times}
    epoch = datetime(1970, 1, 1)
    assert {(key, (start - epoch) // timedelta(milliseconds=1)) for key, start in starts} <= staged
    whole = count(path, "songplays", "start_time = date_trunc('second', start_time)")
    assert whole < 0.01 * 6820


def test_durations_are_not_cut_to_whole_seconds(warehouses: dict[str, Any]) -> None:
    path = warehouses["infer"]
    for inferred in ("inferred", "NOT inferred"):
        fractional = count(path, "songs", f"{inferred} AND duration <> trunc(duration)")
        assert fractional > 0.95 * count(path, "songs", inferred)
    differing = """
        SELECT COUNT(*) FROM songs AS s JOIN (
          SELECT song_id, MIN(e.length) AS length
          FROM songs JOIN staging_events AS e ON rtrim(e.song, ' ') = title
          JOIN artists USING (artist_id)
          WHERE songs.inferred AND e.page = 'NextSong' AND rtrim(e.artist, ' ') = artists.name
          GROUP BY song_id
        ) AS m USING (song_id)
        WHERE s.duration IS NULL OR s.duration <> m.length
    """
    assert rows(path, differing) == [(0,)]
    assert rows(path, "SELECT duration FROM songs WHERE title = 'Setanta matins'") == [(269.58322,)]


def test_known_ids_of_inferred_songs(warehouses: dict[str, Any]) -> None:
    sql = """
        SELECT s.song_id FROM songs AS s JOIN artists AS a USING (artist_id)
        WHERE s.title = 'You Gotta Be' AND a.name = 'Des''ree'
    """
    assert rows(warehouses["infer"], sql) == [("SOX2AF520C6F330EA3",)]


def test_a_title_keeps_its_no_break_space_and_its_id(raw_names: Any) -> None:
    path = raw_names
    (found,) = rows(
        path, "SELECT s.song_id, s.title, a.name FROM songs AS s JOIN artists AS a USING (artist_id) "
        "WHERE s.title LIKE '%' || chr(160)"
    )  # fmt: skip
    song_id, title, artist = found
    assert title == title.rstrip(" ")
    right = _inferred_id(path, artist, title)
    assert song_id == right != _inferred_id(path, artist, title.rstrip())
    assert rows(path, f"SELECT COUNT(*) FROM songplays WHERE song_id = '{song_id}'")[0][0] > 0


def _inferred_id(path: Any, artist: str, title: str) -> str:
    from hashlib import md5

    return "SOX" + md5(f"{artist}\x1f{title}".encode()).hexdigest()[:15].upper()


# Whether a file is read again does not depend on the setting; the servers are asked once.
@pytest.mark.only.with_args(lambda given: given["engine"] == DUCKDB or given["setting"] == "infer")
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_second_run_loads_nothing_and_changes_nothing(tmp_path: Any, setting: str) -> None:
    import sparkify

    chosen: dict[str, Any] = {"logs": str(LOGS), "songs": str(SONGS), "unknown_songs": setting}
    path = load(tmp_path, **chosen)
    before, numbers = picture(path), rows(path, "SELECT file_id, run_id, read_at FROM etl_files ORDER BY file_id")
    with sparkify.connect(url_of(path)) as warehouse:
        summary = warehouse.etl(**chosen)
    assert (summary.files_loaded, summary.records, summary.chunks) == (0, 0, 0)
    assert summary.files_unchanged == 101
    assert picture(path) == before
    assert rows(path, "SELECT file_id, run_id, read_at FROM etl_files ORDER BY file_id") == numbers


@pytest.mark.parametrize("setting", SETTINGS)
def test_levels_over_time_are_those_of_the_raw_events(warehouses: dict[str, Any], setting: str) -> None:
    expected = levels_over_time()
    found = rows(warehouses[setting], "SELECT user_id, level, valid_from, valid_to, current FROM users_history")
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    changed = len(expected) - len({user for user, *_ in expected})
    assert (len({user for user, *_ in expected}), changed) == (97, CHANGES)


@cache
def levels_over_time() -> list[tuple[int, str, datetime, datetime | None, bool]]:
    """The history by Python alone: user, level, from, to, current; from the raw lines of the sample."""
    events: dict[int, list[tuple[int, int, int, str]]] = {}
    for path in LOGS.rglob("*.json"):
        for line in path.read_text("utf-8").splitlines():
            event = json.loads(line)
            if event["userId"]:
                place = (event["ts"], event["sessionId"], event["itemInSession"], event["level"])
                events.setdefault(int(event["userId"]), []).append(place)
    found = []
    for user, places in events.items():
        last_of_ts = {ts: level for ts, _, _, level in sorted(places)}
        starts: list[tuple[datetime, str]] = []
        for ts, level in last_of_ts.items():
            if not starts or starts[-1][1] != level:
                starts.append((datetime(1970, 1, 1) + timedelta(milliseconds=ts), level))
        ends = [*(start for start, _ in starts[1:]), None]
        found += [(user, level, start, end, end is None) for (start, level), end in zip(starts, ends, strict=True)]
    return found


@pytest.mark.parametrize("repair_text", [True, False])
def test_names_and_ids_with_and_without_repair(warehouses: dict[str, Any], raw_names: Any, repair_text: bool) -> None:
    path = warehouses["infer"] if repair_text else raw_names
    assert {name: count(path, name) for name in RIGHT["infer"]} == RIGHT["infer"]
    pairs = played_pairs(repair_text)
    artists = {artist for artist, _ in pairs}
    assert (len(pairs), len(artists)) == (5295, 3148)
    inferred = "SELECT s.song_id, a.name, s.title FROM songs AS s JOIN artists AS a ON a.artist_id = s.artist_id"
    found = rows(path, f"{inferred} WHERE s.inferred AND a.inferred")
    unknown = {(artist, title) for artist, title in pairs if artist not in known_artists()}
    assert set(found) == {(_inferred_id(path, artist, title), artist, title) for artist, title in unknown}
    assert len(artists & known_artists()) == 11
    assert count(path, "artists", "name LIKE '%Ã%'") == (0 if repair_text else 82)
    assert count(path, "artists", "name = 'Björk'") == (1 if repair_text else 0)


def test_a_repair_leaves_staging_and_plays_as_they_are(warehouses: dict[str, Any], raw_names: Any) -> None:
    repaired, raw = picture(warehouses["infer"]), picture(raw_names)
    same = ("staging_events", "staging_songs", "users", "users_history", "time")
    assert all(repaired[name] == raw[name] for name in same)
    misencoded = "SELECT COUNT(*) FROM staging_events WHERE artist LIKE '%Ã%' OR song LIKE '%Ã%'"
    assert rows(warehouses["infer"], misencoded) == [(326,)]
    without_ids = [[row[:4] + row[6:] for row in found["songplays"]] for found in (repaired, raw)]
    assert without_ids[0] == without_ids[1]


@pytest.fixture(scope="module")
def raw_names(engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load(tmp_path_factory.mktemp("raw"), "raw", logs=str(LOGS), songs=str(SONGS), repair_text=False)


@cache
def played_pairs(repair_text: bool) -> set[tuple[str, str]]:
    """The pairs of artist and song that were played; those of the sample that are misencoded were encoded twice."""
    pairs = set()
    for path in LOGS.rglob("*.json"):
        for line in path.read_text("utf-8").splitlines():
            event = json.loads(line)
            if event["page"] == "NextSong":
                names = [event[name].rstrip(" ") for name in ("artist", "song")]
                if repair_text:
                    names = [_decoded_twice(name) if "Ã" in name else name for name in names]
                pairs.add((names[0], names[1]))
    return pairs


def _decoded_twice(text: str) -> str:
    return text.encode("latin-1").decode("utf-8").encode("latin-1").decode("utf-8")


@cache
def known_artists() -> set[str]:
    return {json.loads(path.read_text("utf-8"))["artist_name"] for path in SONGS.rglob("*.json")}
