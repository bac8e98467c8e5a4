"""Every question's answer on the real sample, worked out another way: plain Python over the raw JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from tests.support import REAL, EngineUnderTest, event, load, needs_real_sample, song, url_of, write_lines

import sparkify
from sparkify.reports.questions import questions

pytestmark = needs_real_sample

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Play:
    """A play as the logs have it."""

    at: datetime
    user: int
    level: str
    session: int
    artist: str
    song: str
    location: str

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def monday(self) -> date:
        return self.day - timedelta(days=self.day.weekday())


def moment(ts: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts)


@cache
def events() -> list[dict[str, Any]]:
    files = sorted((REAL / "log_data").rglob("*.json"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


@cache
def catalogue() -> list[dict[str, Any]]:
    return [json.loads(file.read_text("utf-8")) for file in (REAL / "song_data").rglob("*.json")]


@cache
def plays() -> list[Play]:
    return [
        Play(
            moment(e["ts"]),
            int(e["userId"]),
            e["level"],
            e["sessionId"],
            e["artist"].rstrip(" "),
            e["song"].rstrip(" "),
            e["location"],
        )
        for e in events()
        if e["page"] == "NextSong"
    ]


def grouped(key: Callable[[Play], Any]) -> dict[Any, list[Play]]:
    groups: dict[Any, list[Play]] = defaultdict(list)
    for play in plays():
        groups[key(play)].append(play)
    return groups


def users(some: list[Play]) -> int:
    return len({play.user for play in some})


def sessions() -> dict[tuple[int, int], list[Play]]:
    return grouped(lambda play: (play.user, play.session))


def changes() -> Iterator[tuple[int, int, str]]:
    """User, ts and direction of every change of level."""
    before: dict[int, str] = {}
    ordered = sorted(events(), key=lambda e: (e["ts"], e["sessionId"], e["itemInSession"]))
    for e in ordered:
        if not str(e["userId"]):
            continue
        user = int(e["userId"])
        if before.get(user, e["level"]) != e["level"]:
            yield user, e["ts"], "upgrade" if e["level"] == "paid" else "downgrade"
        before[user] = e["level"]


def overview() -> Rows:
    days = [play.day for play in plays()]
    paid = sum(play.level == "paid" for play in plays())
    counts = (
        len(plays()),
        users(plays()),
        len(sessions()),
        len({(p.artist, p.song) for p in plays()}),
        len({p.artist for p in plays()}),
    )
    return [(*counts, paid / len(plays()), min(days), max(days))]


def plays_per_day() -> Rows:
    return [(day, len(some), users(some)) for day, some in sorted(grouped(lambda p: p.day).items())]


def plays_by_hour() -> Rows:
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    found = grouped(lambda p: (p.at.weekday(), p.at.hour))
    return [(names[weekday], hour, len(some)) for (weekday, hour), some in sorted(found.items())]


def top_songs() -> Rows:
    found = grouped(lambda p: (p.song, p.artist))
    ranked = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0][0].encode()))
    return [(title, artist, len(some), users(some)) for (title, artist), some in ranked[:20]]


def top_artists() -> Rows:
    ranked = sorted(grouped(lambda p: p.artist).items(), key=lambda pair: (-len(pair[1]), pair[0].encode()))
    return [(name, len(some), users(some), len({p.song for p in some})) for name, some in ranked[:20]]


def free_and_paid() -> Rows:
    found = grouped(lambda p: (p.day, p.level))
    return [(*key, len(some), users(some)) for key, some in sorted(found.items())]


def active_users() -> Rows:
    begins: dict[str, Callable[[Play], date]] = {
        "day": lambda p: p.day,
        "week": lambda p: p.monday,
        "month": lambda p: p.day.replace(day=1),
    }
    return [
        (period, begin, users(some)) for period, key in begins.items() for begin, some in sorted(grouped(key).items())
    ]


def sessions_per_day() -> Rows:
    found: dict[date, list[int]] = defaultdict(list)
    for some in sessions().values():
        found[min(play.at for play in some).date()].append(len(some))
    return [(day, len(sizes), sum(sizes), sum(sizes) / len(sizes)) for day, sizes in sorted(found.items())]


def plays_per_session() -> Rows:
    names = {1: "1", 5: "2 to 5", 10: "6 to 10", 20: "11 to 20", 50: "21 to 50", 100: "51 to 100"}
    sizes = [len(some) for some in sessions().values()]
    found = Counter(next((top for top in names if size <= top), 0) for size in sizes)
    total = Counter[int]()
    for size in sizes:
        total[next((top for top in names if size <= top), 0)] += size
    return [(names.get(top, "over 100"), found[top], total[top]) for top in (*names, 0) if found[top]]


def retention() -> Rows:
    weeks = {user: {play.monday for play in some} for user, some in grouped(lambda p: p.user).items()}
    sizes = Counter(min(mondays) for mondays in weeks.values())
    found = Counter(
        (min(mondays), (monday - min(mondays)).days // 7) for mondays in weeks.values() for monday in mondays
    )
    return [(first, later, n, sizes[first], n / sizes[first]) for (first, later), n in sorted(found.items())]


def listeners_by_state() -> Rows:
    found = grouped(lambda p: p.location.rsplit(", ", 1)[1].split("-")[0])
    ranked = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [(state, len(some), users(some)) for state, some in ranked]


def listeners_by_city() -> Rows:
    ranked = sorted(grouped(lambda p: p.location).items(), key=lambda pair: (-len(pair[1]), pair[0].encode()))
    return [(city, len(some), users(some)) for city, some in ranked[:20]]


def level_changes() -> Rows:
    found = Counter((moment(ts).date(), direction) for _, ts, direction in changes())
    return [(*key, count) for key, count in sorted(found.items())]


def before_level_changes() -> Rows:
    total = Counter(direction for *_, direction in changes())
    found = Counter[tuple[str, str]]()
    for user, ts, direction in changes():
        seen = {
            e["page"] for e in events() if str(e["userId"]) == str(user) and ts - 86_400_000 <= e["ts"] < ts
        }  # fmt: skip
        found.update((direction, page) for page in seen - {"NextSong"})
    ranked = sorted(found.items(), key=lambda pair: (pair[0][0] != "upgrade", -pair[1], pair[0][1]))
    return [(way, page, count, total[way], count / total[way]) for (way, page), count in ranked]


def plays_found() -> Rows:
    titles = {(s["artist_name"].rstrip(" "), s["title"].rstrip(" ")) for s in catalogue()}
    names = {artist for artist, _ in titles}

    def found(play: Play) -> str:
        if (play.artist, play.song) in titles:
            return "the song"
        return "the artist alone" if play.artist in names else "neither"

    groups = grouped(found)
    return [
        (name, len(groups[name]), len({(p.artist, p.song) for p in groups[name]}), len(groups[name]) / len(plays()))
        for name in ("the song", "the artist alone", "neither")
    ]


EXPECTED: dict[str, Callable[[], Rows]] = {
    function.__name__: function
    for function in (
        overview, plays_per_day, plays_by_hour, top_songs, top_artists, free_and_paid, active_users, sessions_per_day,
        plays_per_session, retention, listeners_by_state, listeners_by_city, level_changes, before_level_changes,
        plays_found,
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, sparkify.Answer]:
    """The answers, with the names as they are in the raw JSON."""
    sources = {"logs": str(REAL / "log_data"), "songs": str(REAL / "song_data")}
    place = load(tmp_path_factory.mktemp("answers"), **sources, repair_text=False)
    with sparkify.connect(url_of(place), read_only=True) as warehouse:
        return warehouse.answers()


def test_every_question_is_answered_here_too() -> None:
    assert set(EXPECTED) == {question.name for question in questions()}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_answer_is_that_of_the_raw_json(answers: dict[str, sparkify.Answer], name: str) -> None:
    assert answers[name].rows == EXPECTED[name]()


def test_the_figures_that_the_sample_is_known_for(answers: dict[str, sparkify.Answer]) -> None:
    assert answers["overview"].rows[0][:2] == (6820, 96)
    assert answers["plays_found"].rows[0][:2] == ("the song", 1)
    assert sum(row[2] for row in answers["level_changes"].rows) == 9


def test_each_answer_has_the_columns_of_its_chart(answers: dict[str, sparkify.Answer]) -> None:
    for question in questions():
        assert set(question.chart.columns) <= set(answers[question.name].columns), question.name


@pytest.mark.parametrize("unknown_songs", ["infer", "null", "drop"])
def test_a_single_event_and_no_catalogue(engine: EngineUnderTest, unknown_songs: str, tmp_path: Any) -> None:
    write_lines(tmp_path / "logs" / "a.json", [event(location=None)])
    with sparkify.connect(url_of(load(tmp_path, unknown_songs=unknown_songs)), read_only=True) as warehouse:
        found = {name: answer.rows for name, answer in warehouse.answers().items()}
    assert found["plays_found"] == [("neither", 1, 1, 1.0)]
    if unknown_songs == "infer":
        assert found["overview"][0][:5] == (1, 1, 1, 1, 1)
        assert found["top_songs"] == [("Setanta matins", "Elena", 1, 1)]
        assert found["listeners_by_state"] == [("unknown", 1, 1)]
        assert found["listeners_by_city"] == [("unknown", 1, 1)]
        assert found["retention"] == [(date(2018, 10, 29), 0, 1, 1, 1.0)]
    if unknown_songs == "drop":
        assert found["plays_per_day"] == []


def test_ties_are_told_by_the_bytes_of_names(engine: EngineUnderTest, tmp_path: Any) -> None:
    """Not by the language of the server, which would put them in another order."""
    names = ["b", "B", "a", "Ä", "_", "É", "e"]
    plays = [event(itemInSession=place, song=name, artist=name) for place, name in enumerate(names)]
    write_lines(tmp_path / "logs" / "a.json", plays)
    write_lines(tmp_path / "songs" / "a.json", [song(title="b", artist_name="b", song_id="SO2")])
    with sparkify.connect(url_of(load(tmp_path)), read_only=True) as warehouse:
        found = warehouse.answers("top_songs", "top_artists")
    ordered = sorted(names, key=str.encode)
    assert [row[0] for row in found["top_songs"].rows] == ordered
    assert [row[0] for row in found["top_artists"].rows] == ordered
