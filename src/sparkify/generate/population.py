"""Who the users are: everything about a user that does not change, from the seed and the user's number alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from sparkify.generate import people
from sparkify.generate.chain import Chain
from sparkify.generate.clock import FAR, SessionClock
from sparkify.generate.config import DAY_SECONDS, Config
from sparkify.generate.options import YEAR_SECONDS, Settings
from sparkify.generate.rng import F64, I64, Purpose, Stream

WARM_UP = DAY_SECONDS  # the wait for a session has no memory, so that a day brings everyone to the steady state
MAX_AGE_YEARS = 5.0  # nobody registered longer ago


class _Trait(IntEnum):
    """Positions in the stream of traits; part of the output, never reused."""

    ALPHA = 0  # and 1
    BETA = 2  # and 3
    FIRST_STATE = 4
    JOIN = 5
    LEAVE = 6
    AGE = 7
    PHASE = 8
    FIRST_NAME = 9
    LAST_NAME = 10
    LOCATION = 11
    AGENT = 12


@dataclass(frozen=True)
class Tempo:
    """What the simulation needs to know of n users; arrays of length n, times in seconds since the epoch."""

    alpha: F64  # mean seconds between events
    beta: F64  # mean seconds between sessions
    start_state: npt.NDArray[np.uint16]
    first_start: I64
    leave: I64  # no session starts from here on


@dataclass(frozen=True)
class Profile:
    """What the records show of n users: positions in the tables of `people`, and numbers."""

    first_name: npt.NDArray[np.intp]
    last_name: npt.NDArray[np.intp]
    location: npt.NDArray[np.intp]
    agent: npt.NDArray[np.intp]
    registration: I64  # milliseconds since the epoch
    user_id: I64


class Population:
    """The users of a run, numbered from 0; those who join later come after those who were there."""

    def __init__(self, settings: Settings, config: Config, chain: Chain, clock: SessionClock) -> None:
        """Describe the users of a run with these settings."""
        self._settings = settings
        self._config = config
        self._clock = clock
        self._chain = chain
        self.initial = settings.users
        self.total = self.initial + int(self.initial * np.expm1(settings.growth))
        self._pairs, self._pair_bounds = self._first_states()

    def _first_states(self) -> tuple[npt.NDArray[np.uint16], F64]:
        found = dict.fromkeys(self._chain.starts, 0.0)
        for auth, wa in self._config.auths.items():
            for level, wl in self._config.levels.items():
                if wa * wl > 0:
                    found[auth, level] += wa * wl
        bounds = np.cumsum(list(found.values())) / sum(found.values())
        return np.array([self._chain.starts[pair] for pair in found], np.uint16), bounds

    def start_weights(self) -> dict[int, float]:
        """The shares of the START states among the initial users."""
        return dict(zip(self._pairs.tolist(), np.diff(self._pair_bounds, prepend=0.0).tolist(), strict=True))

    def _traits(self, users: I64) -> Stream:
        return Stream(self._settings.seed, Purpose.TRAITS, users)

    def tempo(self, users: I64) -> Tempo:
        """How the given users move, and when their first sessions start."""
        traits = self._traits(users)
        beta = self._config.beta * traits.lognormal(_Trait.BETA)
        new = users >= self.initial
        begin = np.where(new, self._joined(users, traits), self._settings.begin)
        leave = np.full(len(users), FAR)
        if self._settings.attrition_rate > 0:
            stay = traits.exponential(_Trait.LEAVE) * (YEAR_SECONDS / self._settings.attrition_rate)
            leave = begin + np.minimum(stay, FAR).astype(np.int64)
        return Tempo(
            # At least a second, so that time passes even where pages lead to nothing but pages.
            alpha=np.maximum(self._config.alpha * traits.lognormal(_Trait.ALPHA), 1.0),
            beta=beta,
            start_state=self._start_state(new, traits),
            first_start=np.where(new, begin, self._steady_start(users, beta)),
            leave=leave,
        )

    def _start_state(self, new: npt.NDArray[np.bool_], traits: Stream) -> npt.NDArray[np.uint16]:
        place = np.searchsorted(self._pair_bounds, traits.uniform(_Trait.FIRST_STATE), side="right")
        drawn = self._pairs[np.minimum(place, len(self._pairs) - 1)]
        if self.total == self.initial:
            return drawn
        newcomer = self._chain.starts[self._config.new_user_auth, self._config.new_user_level]
        return np.where(new, np.uint16(newcomer), drawn)

    def _joined(self, users: I64, traits: Stream) -> I64:
        """When users join whose number is `initial` or more.

        A population that grows at rate g has initial * e^(g t) users after t years; newcomer k joins as it reaches
        initial + k + u, u uniform, so that every newcomer can be drawn alone. The day's curve applies to them too.
        """
        newcomer = np.maximum(users - self.initial, 0) + traits.uniform(_Trait.JOIN)
        years = np.log1p(newcomer / self.initial) / max(self._settings.growth_rate, 1e-12)
        joined = self._settings.begin + np.minimum(years * YEAR_SECONDS, FAR).astype(np.int64)
        return np.maximum(self._clock.shift(joined), self._settings.begin)

    def _steady_start(self, users: I64, beta: F64) -> I64:
        """The first session from `begin` on of users who have been there for long."""
        stream = Stream(self._settings.seed, Purpose.SESSIONS, users)
        # Sessions before the begin need no events: a negative index keeps their numbers apart from the others.
        drawn = np.full(len(users), -(1 << 40))
        start = np.full(len(users), self._settings.begin - WARM_UP)
        early = np.arange(len(users))
        while early.size:
            taken = drawn[early]
            start[early] = self._clock.next_start(start[early], beta[early], stream.take(early), taken)
            drawn[early] = taken
            early = early[start[early] < self._settings.begin]
        return start

    def phase(self, users: I64) -> I64:
        """The milliseconds after the full second at which everything of a user happens: whole seconds pass between."""
        return (self._traits(users).uniform(_Trait.PHASE) * 1000).astype(np.int64)

    def profile(self, users: I64) -> Profile:
        """Names, place, agent, registration and id of the given users."""
        traits = self._traits(users)
        growth = self._settings.growth_rate
        # In a population that grows at rate g ages are exponential with mean 1/g years; here a year at most.
        years = np.minimum(traits.exponential(_Trait.AGE) / max(growth, 1.0), MAX_AGE_YEARS)
        old = self._settings.begin - 1 - (years * YEAR_SECONDS).astype(np.int64)
        registered = np.where(users >= self.initial, self._joined(users, traits) - 1, old)
        tables = people.tables()
        return Profile(
            first_name=tables.first_names.draw(traits.uniform(_Trait.FIRST_NAME)),
            last_name=tables.last_names.draw(traits.uniform(_Trait.LAST_NAME)),
            location=tables.locations.draw(traits.uniform(_Trait.LOCATION)),
            agent=tables.agents.draw(traits.uniform(_Trait.AGENT)),
            registration=registered * 1000 + (traits.uniform(_Trait.PHASE) * 1000).astype(np.int64),
            user_id=users + self._settings.first_user_id,
        )
