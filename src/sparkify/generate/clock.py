"""When sessions begin: the curve of the day, weekends and holidays.

Times are whole seconds since the epoch, UTC, as int64 arrays.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from sparkify.generate.config import DAY_SECONDS, Config
from sparkify.generate.rng import F64, I64, Stream

THREE_AM = 10_800
MIN_ADVANCE = 60  # seconds; keeps a configuration without session-gap moving
FAR = 1 << 45  # a time after every end
DAY_MINUTES = 1440


class SessionClock:
    """Draws the start of the next session."""

    def __init__(self, config: Config, begin: int, end: int) -> None:
        """Prepare for sessions that start between `begin` and `end`, seconds since the epoch."""
        self._gap = config.session_gap
        self._amplitude = config.damping * DAY_SECONDS
        self._first_day = begin // DAY_SECONDS - 7
        self._patterns = _day_patterns(self._first_day, end // DAY_SECONDS + 7)
        self._redraw = _redraw_table(config)

    def shift(self, times: I64) -> I64:
        """Pull times toward 15:00, as eventsim does: later in the morning, earlier in the evening and at night."""
        angle = (times % DAY_SECONDS - THREE_AM) * (2.0 * np.pi / DAY_SECONDS)
        shifted: I64 = times + (self._amplitude * np.sin(angle)).astype(np.int64)
        return shifted

    def redraw_chance(self, times: I64) -> F64:
        """The chance that a start at each of these times is drawn again, because people are out."""
        day = np.clip(times // DAY_SECONDS - self._first_day, 0, len(self._patterns) - 1)
        return self._redraw[self._patterns[day], times % DAY_SECONDS // 60]

    def next_start(self, last: I64, beta: F64, stream: Stream, drawn: I64) -> I64:
        """Draw when each user comes again.

        Args:
            last: when each user's last event was.
            beta: mean seconds between the sessions of each.
            stream: where their random numbers come from.
            drawn: how many each has taken from it; counted on in place.
        """
        result = last.copy()
        waiting = np.arange(len(last))
        while waiting.size:
            streams, base = stream.take(waiting), result[waiting]
            wait = (beta[waiting] * streams.exponential(drawn[waiting])).astype(np.int64) + self._gap
            start = self.shift(base + np.clip(wait, 1, FAR))
            back = start < base
            again = streams.uniform(drawn[waiting] + 1) < self.redraw_chance(start)
            drawn[waiting] += 2
            result[waiting] = np.where(back, base + max(self._gap, MIN_ADVANCE), start)
            waiting = waiting[back | again]
        return result


def _redraw_table(config: Config) -> F64:
    """The redraw chance by pattern of days and minute; shape (8, 1440).

    A pattern says whether yesterday (4), today (2) and tomorrow (1) are days off. The chance rises from `offset`
    minutes before a day off begins to full `scale` minutes later, and falls to 0 `offset` minutes after its end.
    """
    minute = np.arange(DAY_MINUTES, dtype=np.float64)
    scale = max(config.weekend_damping_scale, 1)  # 0 means a step
    offset = config.weekend_damping_offset

    def ramp(minutes_in: F64) -> F64:
        return np.clip(minutes_in / scale, 0.0, 1.0)

    rows = []
    for pattern in range(8):
        yesterday, today, tomorrow = bool(pattern & 4), bool(pattern & 2), bool(pattern & 1)
        before = ramp(minute + offset - DAY_MINUTES) if tomorrow else np.zeros(DAY_MINUTES)
        after = ramp(offset - minute) if yesterday else np.zeros(DAY_MINUTES)
        if today:
            up = np.ones(DAY_MINUTES) if yesterday else ramp(minute + offset)
            down = np.ones(DAY_MINUTES) if tomorrow else ramp(DAY_MINUTES + offset - minute)
            rows.append(np.minimum(up, down))
        else:
            rows.append(np.maximum(before, after))
    return np.array(rows) * config.weekend_damping


def _day_patterns(first: int, last: int) -> npt.NDArray[np.intp]:
    """For each day from `first` to `last`, days since the epoch: which of its neighbours and itself are days off."""
    epoch = date(1970, 1, 1)
    days = [epoch + timedelta(days=n) for n in range(max(first - 1, -700_000), last + 2)]
    holidays = {day for year in {d.year for d in days} for day in us_holidays(year)}
    off = np.array([day.weekday() >= 5 or day in holidays for day in days], np.intp)
    return off[:-2] * 4 + off[1:-1] * 2 + off[2:]


def us_holidays(year: int) -> set[date]:
    """The federal holidays of the United States (5 U.S.C. 6103), with the weekdays on which they are observed."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= 2021:
        fixed.append(date(year, 6, 19))
    found = set(fixed)
    found.update(day - timedelta(days=1) for day in fixed if day.weekday() == 5)
    found.update(day + timedelta(days=1) for day in fixed if day.weekday() == 6)
    monday, thursday = 0, 3
    found.update(_nth(year, month, monday, n) for month, n in ((1, 3), (2, 3), (9, 1), (10, 2)))
    found.add(_nth(year, 11, thursday, 4))
    may = date(year, 5, 31)
    found.add(may - timedelta(days=may.weekday()))
    return found


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def day_name(day: int) -> date:
    """The date of a day counted from the epoch."""
    return datetime.fromtimestamp(day * DAY_SECONDS, UTC).date()
