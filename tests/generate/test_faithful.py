"""The output behaves as eventsim's does, and looks like the real sample."""

import json
import math
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import correlation, fmean

import pytest
from tests.generate.conftest import Event, read_events, sessions_of

from sparkify.generate import GenerateOptions, config, generate


def state_of(e: Event) -> tuple[str, str, str, int, str]:
    return e["page"], e["auth"], e["method"], e["status"], e["level"]


@pytest.mark.parametrize(("level", "expected"), [("paid", 0.925), ("free", 0.500)])
def test_song_follows_song_as_often_as_configured(example_events: list[Event], level: str, expected: float) -> None:
    # The end of the run cuts sessions off; the last hours say nothing of what would have come next.
    safe = max(e["ts"] for e in example_events) - 3_600_000 * 6
    plays = followed = 0
    for session in sessions_of(example_events).values():
        for n, event in enumerate(session):
            if event["page"] == "NextSong" and event["level"] == level and event["ts"] < safe:
                plays += 1
                followed += n + 1 < len(session) and session[n + 1]["page"] == "NextSong"
    assert plays > 10_000
    assert followed / plays == pytest.approx(expected, abs=0.01)


def test_a_song_starts_when_the_one_before_it_ends(example_events: list[Event]) -> None:
    direct = interrupted = 0
    for session in sessions_of(example_events).values():
        last, visited = None, False
        for event in session:
            if event["page"] != "NextSong":
                visited = True
                continue
            if last is not None:
                gap, length = event["ts"] - last["ts"], int(last["length"]) * 1000
                if not visited:
                    assert gap == length
                    direct += 1
                else:
                    assert gap >= length
                    interrupted += gap == length
            last, visited = event, False
    assert direct > 50_000
    assert interrupted > 500  # pages were visited while the song played on


def test_redirects_come_a_second_later(example_events: list[Event]) -> None:
    seen = 0
    for session in sessions_of(example_events).values():
        for before, event in pairwise(session):
            if 300 <= event["status"] <= 398:
                assert event["ts"] - before["ts"] == 1000
                seen += 1
    assert seen > 1_000


def test_sessions_start_in_the_afternoon_and_less_on_weekends(example_events: list[Event]) -> None:
    starts = [datetime.fromtimestamp(s[0]["ts"] / 1000, UTC) for s in sessions_of(example_events).values()]
    by_hour = Counter(start.hour for start in starts)
    assert 13 <= by_hour.most_common(1)[0][0] < 18
    assert sum(by_hour[h] for h in range(13, 18)) > 2 * sum(by_hour[h] for h in range(5))
    by_day = Counter(start.date() for start in starts)
    weekend = [n for day, n in by_day.items() if day.weekday() >= 5]
    # 12 and 22 November are holidays; 23, the day after, is not.
    work = [n for day, n in by_day.items() if day.weekday() < 5 and day.day not in (12, 22)]
    assert 0.4 < (sum(weekend) / len(weekend)) / (sum(work) / len(work)) < 0.75
    assert by_day[datetime(2018, 11, 22).date()] < 0.75 * sum(work) / len(work)


def test_shares_of_pages_are_those_of_the_real_sample(example_events: list[Event], real_events: list[Event]) -> None:
    ours, real = (Counter(e["page"] for e in events) for events in (example_events, real_events))
    for page in ours.keys() | real.keys():
        assert ours[page] / ours.total() == pytest.approx(real[page] / real.total(), abs=0.03), page


def test_hour_profile_is_that_of_the_real_sample(example_events: list[Event], real_events: list[Event]) -> None:
    ours, real = (Counter(e["ts"] // 3_600_000 % 24 for e in events) for events in (example_events, real_events))
    assert correlation([ours[h] for h in range(24)], [real[h] for h in range(24)]) > 0.8


def test_sessions_are_as_long_as_in_the_real_sample(example_events: list[Event], real_events: list[Event]) -> None:
    ours, real = (len(events) / len(sessions_of(events)) for events in (example_events, real_events))
    assert ours == pytest.approx(real, rel=0.15)
    gaps = [
        (b["ts"] - a["ts"]) / 1000
        for s in sessions_of(example_events).values()
        for a, b in pairwise(s)
        if a["page"] == b["page"] == "NextSong"
    ]
    assert sum(gaps) / len(gaps) == pytest.approx(245.7, abs=8)


def test_some_songs_are_played_very_often(example_events: list[Event]) -> None:
    plays = Counter((e["artist"], e["song"]) for e in example_events if e["song"])
    top = sum(n for _, n in plays.most_common(20))
    assert plays.most_common(1)[0][1] > 20 * plays.total() / 2000
    assert 0.1 < top / plays.total() < 0.5


def test_levels_last_from_session_to_session(example_events: list[Event], example_config: Path) -> None:
    """A session begins with the auth and level with which the user's last one ended."""
    first_states = config.load(example_config).new_session
    by_user: dict[str, list[list[Event]]] = {}
    for session in sorted(sessions_of(example_events).values(), key=lambda s: int(s[0]["ts"])):
        if user := next((e["userId"] for e in session if e["userId"]), ""):
            by_user.setdefault(user, []).append(session)
    changed = 0
    for sessions in by_user.values():
        for before, after in pairwise(sessions):
            # Sessions without any shown event belong to nobody, and no level can change in them.
            assert after[0]["level"] == before[-1]["level"]
            changed += before[0]["level"] != before[-1]["level"]
        assert all((s[0]["auth"], s[0]["level"]) in first_states for s in sessions)
    assert changed > 10


@pytest.mark.parametrize("name", ["example-config.json", "alt-example-config.json", "Guitar-config.json"])
def test_every_transition_is_allowed_by_the_file(name: str, shared: Path, tmp_path: Path) -> None:
    path = shared / "eventsim" / name
    generate(tmp_path / "out", GenerateOptions(users=300, songs=50, config=path))
    raw = json.loads(path.read_text())
    allowed = {(state_of(t["source"]), state_of(t["dest"])) for t in raw["transitions"] if t["p"] > 0}
    first = {state_of(s) for s in raw["new-session"] if s["weight"] > 0}
    events = read_events(tmp_path / "out")
    seen: set[object] = set()
    for session in sessions_of(events).values():
        assert state_of(session[0]) in first
        seen.update((state_of(a), state_of(b)) for a, b in pairwise(session))
    assert seen <= allowed
    assert len(seen) > len(allowed) / 4
    gone = {e["userId"]: e["ts"] for e in events if e["auth"] == "Cancelled"}
    assert all(e["ts"] <= gone.get(e["userId"], math.inf) for e in events)


def test_other_pages_come_after_an_exponential_time(example_events: list[Event]) -> None:
    """Its mean, over all users, is the configured alpha of 90 s; half a second is lost to whole seconds."""
    gaps = [
        (event["ts"] - before["ts"]) / 1000
        for session in sessions_of(example_events).values()
        for before, event in pairwise(session)
        if event["page"] != "NextSong" and not 300 <= event["status"] <= 398
    ]
    assert len(gaps) > 20_000
    assert fmean(gaps) == pytest.approx(89.5, rel=0.08)
    # Exponential times whose means are lognormal: the square's mean is 2 alpha^2 e.
    assert fmean(g * g for g in gaps) == pytest.approx(2 * 90**2 * math.e, rel=0.35)


def test_who_cancels_never_comes_back(example_events: list[Event]) -> None:
    last = {e["userId"]: e["ts"] for e in example_events if e["userId"]}
    gone = {e["userId"]: e["ts"] for e in example_events if e["auth"] == "Cancelled"}
    assert len(gone) > 5
    assert all(last[user] == ts for user, ts in gone.items())


def test_most_users_live_where_most_people_do(example_events: list[Event]) -> None:
    homes = Counter({e["userId"]: e["location"] for e in example_events if e["userId"]}.values())
    assert homes.most_common(1)[0][0].startswith("New York")
    assert len(homes) > 100


def seen_in_days(events: list[Event], first: int, last: int) -> int:
    """Users with an event from a day to before another, counted from 1 January 2018."""
    begin = int(datetime(2018, 1, 1, tzinfo=UTC).timestamp() * 1000)
    return len({e["userId"] for e in events if e["userId"] and first <= (e["ts"] - begin) // 86_400_000 < last})


def a_visit(path: Path) -> Path:
    """A configuration in which users do no more than come, about every week, and nobody cancels."""
    home, more = ({"page": p, "auth": "In", "method": "GET", "status": 200, "level": "free"} for p in ("Home", "More"))
    raw = {
        "beta": 604_800.0, "churned-state": "Gone", "new-user-auth": "In", "new-user-level": "free",
        "show-user-details": [{"auth": "In", "show": True}], "levels": [{"level": "free", "weight": 1}],
        "auths": [{"auth": "In", "weight": 1}], "new-session": [{**home, "weight": 1}],
        "transitions": [{"source": home, "dest": more, "p": 0.01}],
    }  # fmt: skip
    path.write_text(json.dumps(raw))
    return path


@pytest.mark.parametrize(("growth", "attrition"), [(0.5, 0.0), (0.0, 0.7), (0.5, 0.7), (0.0, 0.0)])
def test_users_come_and_go_at_the_stated_rates(growth: float, attrition: float, tmp_path: Path) -> None:
    options = GenerateOptions(
        users=1500, songs=1, begin="2018-01-01", end="2018-12-27", config=a_visit(tmp_path / "visit.json"),
        growth_rate=growth, attrition_rate=attrition, seed=8,
    )  # fmt: skip
    generate(tmp_path / "out", options)
    events = read_events(tmp_path / "out")
    years = 330 / 365.25
    # Those who were there and stayed, and those who came (as many as if nobody left) and stayed.
    stayed = math.exp(-attrition * years)
    came = growth * (math.exp(growth * years) - stayed) / (growth + attrition) if growth else 0.0
    ratio = seen_in_days(events, 330, 360) / seen_in_days(events, 0, 30)
    assert ratio == pytest.approx(stayed + came, rel=0.05)
