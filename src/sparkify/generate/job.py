"""What every worker knows of a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sparkify.generate.catalogue import Charts, Song
from sparkify.generate.chain import Chain
from sparkify.generate.clock import SessionClock
from sparkify.generate.config import DAY_SECONDS, Config
from sparkify.generate.options import Settings
from sparkify.generate.population import Population
from sparkify.generate.rng import F64

BLOCK_EVENTS = 1_000_000  # expected events of a block of users: what one worker holds in memory
BUCKET_EVENTS = 250_000  # likewise of a bucket of time
MAX_BLOCK_USERS = 1 << 16
BUCKETS_A_DAY = (1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 144, 288, 720, 1440)
PLAY_SECONDS = 200.0  # a typical event's share of its session, for the estimate alone


@dataclass(frozen=True)
class Job:
    """A run: its settings and songs; small enough to send to the workers."""

    settings: Settings
    config: Config
    inside: list[Song]
    outside: list[Song]

    @cached_property
    def chain(self) -> Chain:
        """The states."""
        return Chain(self.config)

    @cached_property
    def clock(self) -> SessionClock:
        """When sessions begin."""
        return SessionClock(self.config, self.settings.begin, self.settings.end)

    @cached_property
    def population(self) -> Population:
        """The users."""
        return Population(self.settings, self.config, self.chain, self.clock)

    @cached_property
    def charts(self) -> Charts:
        """The songs that are played."""
        return Charts(self.settings.seed, self.inside, self.outside, self.settings.match_rate)

    @property
    def first_day(self) -> int:
        """The first day, counted from the epoch."""
        return self.settings.begin // DAY_SECONDS

    @property
    def days(self) -> int:
        """How many calendar days the run touches."""
        return (self.settings.end - 1) // DAY_SECONDS - self.first_day + 1

    @cached_property
    def events_per_user(self) -> float:
        """About how many events a user has; decides sizes of blocks and buckets, and nothing that is written."""
        length = self.chain.session_length(self.population.start_weights())
        period = self.settings.end - self.settings.begin
        pause = self.config.session_gap + length * PLAY_SECONDS + self.config.beta * _lognormal_quantiles()
        return max(length * float(np.mean(period / pause)), 0.1)

    @property
    def events(self) -> float:
        """About how many events the run has."""
        return self.events_per_user * self.population.total

    @property
    def block_users(self) -> int:
        """How many users are simulated together."""
        return int(min(max(BLOCK_EVENTS / self.events_per_user, 1), MAX_BLOCK_USERS))

    @property
    def buckets_a_day(self) -> int:
        """In how many parts a day is sorted and written."""
        needed = self.events / (self.settings.end - self.settings.begin) * DAY_SECONDS / BUCKET_EVENTS
        return next((n for n in BUCKETS_A_DAY if n >= needed), BUCKETS_A_DAY[-1])


def _lognormal_quantiles() -> F64:
    """Values of a lognormal with mean 1 and sigma 1 at 199 evenly spaced probabilities."""
    from statistics import NormalDist

    normal = NormalDist()
    return np.exp(np.array([normal.inv_cdf(p / 200) for p in range(1, 200)]) - 0.5)
