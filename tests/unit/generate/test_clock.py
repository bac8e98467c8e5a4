"""The curve of the day, holidays, and the ramps around weekends."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from sparkify.generate.clock import SessionClock, us_holidays
from sparkify.generate.config import load
from sparkify.generate.rng import Purpose, Stream

CONFIG = replace(
    load(None), damping=0.09375, weekend_damping=0.5, weekend_damping_offset=180, weekend_damping_scale=360
)


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


CLOCK = SessionClock(CONFIG, seconds("2018-11-01"), seconds("2018-12-01"))


@pytest.mark.parametrize(
    ("at", "chance"),
    [
        ("2018-11-08 12:00", 0.0),  # Thursday
        ("2018-11-09 20:59", 0.0),  # Friday: the ramp begins at 21:00
        ("2018-11-09 22:30", 0.125),
        ("2018-11-10 00:00", 0.25),  # Saturday midnight: half way
        ("2018-11-10 03:00", 0.5),
        ("2018-11-11 12:00", 0.5),  # Sunday, and Veterans Day
        ("2018-11-12 12:00", 0.5),  # Monday on which it is observed
        ("2018-11-12 22:30", 0.375),
        ("2018-11-13 00:00", 0.25),
        ("2018-11-13 03:00", 0.0),
        ("2018-11-22 12:00", 0.5),  # Thanksgiving, alone
        ("2018-11-23 01:30", 0.125),  # Friday between: down from Thanksgiving,
        ("2018-11-23 12:00", 0.0),
        ("2018-11-23 22:30", 0.125),  # and up to Saturday
    ],
)
def test_redraw_chance(at: str, chance: float) -> None:
    assert CLOCK.redraw_chance(np.array([seconds(at)]))[0] == pytest.approx(chance, abs=1e-9)


@pytest.mark.parametrize(
    ("at", "shift"), [("03:00", 0), ("09:00", 8100), ("15:00", 0), ("21:00", -8100), ("06:00", 5727)]
)
def test_times_are_pulled_toward_15(at: str, shift: int) -> None:
    time = np.array([seconds(f"2018-11-08 {at}")])
    assert (CLOCK.shift(time) - time)[0] == shift


def test_holidays() -> None:
    assert us_holidays(2018) == {
        date(2018, *day)
        for day in (
            (1, 1), (1, 15), (2, 19), (5, 28), (7, 4), (9, 3), (10, 8), (11, 11), (11, 12), (11, 22), (12, 25),
        )
    }  # fmt: skip
    assert {date(2021, 6, 18), date(2021, 6, 19), date(2021, 7, 5), date(2021, 12, 24)} <= us_holidays(2021)


def test_next_start_waits_at_least_the_gap_and_moves_on() -> None:
    flat = SessionClock(replace(CONFIG, damping=0.0, weekend_damping=0.0), seconds("2018-11-01"), seconds("2018-12-01"))
    stream = Stream(1, Purpose.SESSIONS, np.arange(50_000))
    last = np.full(50_000, seconds("2018-11-08"))
    drawn = np.zeros(50_000, np.int64)
    waits = flat.next_start(last, np.full(50_000, 86_400.0), stream, drawn) - last
    assert waits.min() >= 1800
    assert waits.mean() == pytest.approx(1800 + 86_400, rel=0.02)
    assert (drawn == 2).all()


def test_next_start_ends_even_without_a_gap() -> None:
    clock = SessionClock(replace(CONFIG, session_gap=0), seconds("2018-11-01"), seconds("2018-12-01"))
    stream = Stream(1, Purpose.SESSIONS, np.arange(1000))
    last = np.full(1000, seconds("2018-11-08 20:00"))
    start = clock.next_start(last, np.full(1000, 0.001), stream, np.zeros(1000, np.int64))
    assert (start >= last).all()
