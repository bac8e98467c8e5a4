"""Every record keeps the contract's rules, and every play finds its song."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.generate.conftest import Event, read_events, read_songs, sessions_of

from sparkify.generate import GenerateOptions, generate

EVENT_FIELDS = {
    "artist": str, "auth": str, "firstName": str, "gender": str, "itemInSession": int, "lastName": str,
    "length": float, "level": str, "location": str, "method": str, "page": str, "registration": float,
    "sessionId": int, "song": str, "status": int, "ts": int, "userAgent": str, "userId": str,
}  # fmt: skip
USER_FIELDS = ("firstName", "gender", "lastName", "location", "registration", "userAgent")
SONG_FIELDS = ("artist", "song", "length")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in configuration, with users who come and go."""
    out = tmp_path_factory.mktemp("valid") / "out"
    options = GenerateOptions(users=400, songs=700, growth_rate=3.0, attrition_rate=2.0, first_user_id=5000, seed=9)
    generate(out, options)
    return out


@pytest.fixture(scope="module")
def events(run: Path) -> list[Event]:
    return read_events(run)


def test_events_have_the_fields_types_and_nulls_of_the_real_ones(events: list[Event]) -> None:
    assert len(events) > 10_000
    for e in events:
        assert list(e) == list(EVENT_FIELDS)
        for field, kind in EVENT_FIELDS.items():
            assert e[field] is None or type(e[field]) is kind, (field, e[field])
        assert all((e[f] is not None) == (e["page"] == "NextSong") for f in SONG_FIELDS)
        shown = e["auth"] in ("Logged In", "Cancelled")
        assert all((e[f] is not None) == shown for f in USER_FIELDS)
        assert (e["userId"] != "") == shown
        assert e["level"] in ("free", "paid")
        if shown:
            assert int(e["userId"]) >= 5000
            assert e["registration"] < e["ts"]


def test_real_logs_pass_the_same_check(real_events: list[Event]) -> None:
    test_events_have_the_fields_types_and_nulls_of_the_real_ones(
        [{**e, "userId": str(int(e["userId"]) + 5000) if e["userId"] else ""} for e in [*real_events, *real_events]]
    )


def test_each_day_has_its_file_in_the_order_of_time(run: Path) -> None:
    files = sorted((run / "log_data").rglob("*"))
    files = [f for f in files if f.is_file()]
    assert len(files) == 30
    for file in files:
        assert re.fullmatch(r"2018/11/2018-11-\d\d-events\.json", file.relative_to(run / "log_data").as_posix())
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        times = [r["ts"] for r in rows]
        assert times == sorted(times)
        days = {datetime.fromtimestamp(t / 1000, UTC).date().isoformat() for t in times}
        assert days == {file.name[:10]}


def test_sessions_are_numbered_from_1_and_items_from_0(events: list[Event]) -> None:
    sessions = sessions_of(events)
    assert sorted(sessions) == list(range(1, len(sessions) + 1))
    for session in sessions.values():
        assert [e["itemInSession"] for e in session] == list(range(len(session)))
        assert [e["ts"] for e in session] == sorted(e["ts"] for e in session)
        assert len({e["userId"] for e in session} - {""}) <= 1


def test_what_belongs_to_a_user_never_changes(events: list[Event]) -> None:
    users: dict[str, set[tuple[object, ...]]] = {}
    for e in events:
        if e["userId"]:
            users.setdefault(e["userId"], set()).add(tuple(e[f] for f in USER_FIELDS))
    assert all(len(values) == 1 for values in users.values())
    assert len(users) > 300


def test_catalogue_is_valid_and_odd_as_the_real_one(run: Path) -> None:
    songs = read_songs(run)
    assert len(songs) == 700
    assert len({s["song_id"] for s in songs}) == 700
    names: dict[str, set[str]] = {}
    for s in songs:
        assert list(s) == [
            "num_songs", "artist_id", "artist_latitude", "artist_longitude", "artist_location", "artist_name",
            "song_id", "title", "duration", "year",
        ]  # fmt: skip
        assert re.fullmatch("SO[A-Z]{5}12[0-9A-F]{9}", s["song_id"])
        assert re.fullmatch("AR[A-Z]{5}1187[0-9A-F]{7}", s["artist_id"])
        assert s["title"].strip() and s["artist_name"].strip()
        assert (s["artist_latitude"] is None) == (s["artist_longitude"] is None)
        names.setdefault(s["artist_id"], set()).add(s["artist_name"])
    assert len(names) < 400
    assert any(len(n) == 2 for n in names.values())
    assert 0.3 < sum(s["year"] == 0 for s in songs) / 700 < 0.65
    assert 0.3 < sum(s["artist_location"] == "" for s in songs) / 700 < 0.6


def test_song_files_stand_in_their_folders(run: Path) -> None:
    for file in (run / "song_data").rglob("*.json"):
        a, b, c, name = file.relative_to(run / "song_data").parts
        assert name.startswith(f"TR{a}{b}{c}")


def found(out: Path) -> float:
    catalogue = {(s["artist_name"].rstrip(" "), s["title"].rstrip(" ")) for s in read_songs(out)}
    plays = [(e["artist"].rstrip(" "), e["song"].rstrip(" ")) for e in read_events(out) if e["page"] == "NextSong"]
    assert len(plays) > 10_000
    return sum(play in catalogue for play in plays) / len(plays)


def test_every_play_finds_its_song(run: Path) -> None:
    assert found(run) == 1.0


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_the_stated_share_of_plays_finds_its_song(rate: float, tmp_path: Path) -> None:
    summary = generate(tmp_path / "out", GenerateOptions(users=400, songs=300, match_rate=rate))
    assert found(tmp_path / "out") == pytest.approx(rate, abs=0.01)
    assert summary.matched_plays / summary.plays == pytest.approx(rate, abs=0.01)


def test_plays_come_from_a_given_catalogue(shared: Path, tmp_path: Path) -> None:
    source = shared / "udacity" / "song_data"
    summary = generate(tmp_path / "out", GenerateOptions(users=200, catalogue=source.as_uri()))
    assert (summary.songs, summary.skipped_songs) == (71, 0)
    assert found(tmp_path / "out") == 1.0
    real = {json.dumps(s, sort_keys=True) for s in read_songs(shared / "udacity")}
    assert {json.dumps(s, sort_keys=True) for s in read_songs(tmp_path / "out")} == real
