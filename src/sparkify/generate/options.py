"""What a run can be asked for, and what is made of it: a flag beats the configuration, which beats the default."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sparkify.generate.errors import OptionsError

if TYPE_CHECKING:
    from sparkify.generate.config import Config

T = TypeVar("T")

DEFAULT_USERS = 1_000
DEFAULT_SONGS = 5_000
DEFAULT_BEGIN = datetime(2018, 11, 1, tzinfo=UTC)
DEFAULT_PERIOD = timedelta(days=30)
MAX_PERIOD = timedelta(days=100 * 366)
MAX_SONGS = 5_000_000
MAX_USERS = 2**40
YEAR_SECONDS = 365.25 * 86_400
MAX_ID = 2**53 - 1  # whole numbers up to here are exact in every JSON reader


@dataclass(frozen=True)
class GenerateOptions:
    """What to simulate. None means: as the configuration says, else the default.

    Attributes:
        users: how many users there are at the beginning (1,000).
        begin: the first instant, a date or a time in ISO 8601, UTC (2018-11-01).
        end: the end, exclusive, likewise (30 days after `begin`).
        seed: the same seed and options give the same bytes (0).
        songs: how many songs to make up (5,000).
        catalogue: the folder of song records to play from, in place of `songs`; whatever the etl reads songs from.
        anonymous: read the catalogue from an object store without signing in.
        config: a configuration file in eventsim's format.
        growth_rate: new users a year, as a share of all there have been, continuously: 0.1 adds up to e^0.1 (0).
        attrition_rate: users that leave in a year, as a share of those there are, likewise (0).
        match_rate: the share of plays whose song is in the catalogue (1).
        first_user_id: the first user's id; the others count on from there (1).
        gzip: compress the logs.
        workers: how many processes work; never changes the output (one per processor).
        force: write into a folder that holds files; only files of an earlier run are replaced.
    """

    users: int | None = None
    begin: str | datetime | None = None
    end: str | datetime | None = None
    seed: int | None = None
    songs: int | None = None
    catalogue: str | Path | None = None
    anonymous: bool = False
    config: str | Path | None = None
    growth_rate: float | None = None
    attrition_rate: float | None = None
    match_rate: float | None = None
    first_user_id: int | None = None
    gzip: bool = False
    workers: int | None = None
    force: bool = False


@dataclass(frozen=True)
class Settings:
    """The options with nothing left open; `begin` and `end` in seconds since the epoch."""

    users: int
    begin: int
    end: int
    seed: int
    songs: int
    catalogue: str | None
    anonymous: bool
    growth_rate: float
    attrition_rate: float
    match_rate: float
    first_user_id: int
    tag: str | None
    gzip: bool
    workers: int
    force: bool

    @property
    def growth(self) -> float:
        """The logarithm of the factor by which users grow over the whole period, if none leave."""
        return self.growth_rate * (self.end - self.begin) / YEAR_SECONDS


@dataclass(frozen=True)
class Summary:
    """What was written; `settings` are those that it followed from, defaults included."""

    out: Path
    begin: datetime
    end: datetime
    users: int
    sessions: int
    events: int
    plays: int
    matched_plays: int
    songs: int
    skipped_songs: int
    log_files: int
    log_bytes: int
    seconds: float
    settings: dict[str, Any]


def resolve(options: GenerateOptions, config: Config) -> Settings:
    """Fill in what `options` leave open.

    Raises:
        OptionsError: an option asks for what cannot be.
    """
    given = config.given
    begin, end = _period(options, given)
    settings = Settings(
        users=_first(options.users, given.get("n-users"), DEFAULT_USERS),
        begin=begin,
        end=end,
        seed=_first(options.seed, given.get("seed"), 0),
        songs=_first(options.songs, None, DEFAULT_SONGS),
        catalogue=None if options.catalogue is None else str(options.catalogue),
        anonymous=options.anonymous,
        growth_rate=_first(options.growth_rate, given.get("growth-rate"), 0.0),
        attrition_rate=_first(options.attrition_rate, given.get("attrition-rate"), 0.0),
        match_rate=_first(options.match_rate, None, 1.0),
        first_user_id=_first(options.first_user_id, given.get("first-user-id"), 1),
        tag=given.get("tag"),
        gzip=options.gzip,
        workers=_first(options.workers, None, processors()),
        force=options.force,
    )
    _check(options, settings, config)
    return settings


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _first(flag: T | None, configured: T | None, default: T) -> T:
    if flag is not None:
        return flag
    return default if configured is None else configured


def _period(options: GenerateOptions, given: dict[str, Any]) -> tuple[int, int]:
    begin = _instant(options.begin, "--from") or _instant(given.get("start-date"), "start-date")
    end = _instant(options.end, "--to") or _instant(given.get("end-date"), "end-date")
    begin = begin or DEFAULT_BEGIN
    end = end or begin + DEFAULT_PERIOD
    if end <= begin:
        raise OptionsError(f"The end ({_show(end)}) must be after the beginning ({_show(begin)}); --to is exclusive.")
    if end - begin > MAX_PERIOD:
        raise OptionsError(f"From {_show(begin)} to {_show(end)} is more than 100 years.")
    return int(begin.timestamp()), int(end.timestamp())


def _instant(value: str | datetime | None, name: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise OptionsError(f"{name} {value!r} is neither a date (2018-11-01) nor a time in ISO 8601.") from None
    value = value.replace(microsecond=0)
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if not 1971 <= value.year <= 9998:
        raise OptionsError(f"{name} {value.isoformat()} is not between the years 1971 and 9998.")
    return value


def _show(value: datetime) -> str:
    return value.isoformat().removesuffix("+00:00").removesuffix("T00:00:00")


def _check(options: GenerateOptions, settings: Settings, config: Config) -> None:
    if options.songs is not None and options.catalogue is not None:
        raise OptionsError("Give --songs or --catalogue, not both.")
    bounds: list[tuple[str, float, float, float]] = [
        ("--users", settings.users, 1, MAX_USERS),
        ("--songs", settings.songs, 1, MAX_SONGS),
        ("--growth-rate", settings.growth_rate, 0, 1_000),
        ("--attrition-rate", settings.attrition_rate, 0, 1e6),
        ("--match-rate", settings.match_rate, 0, 1),
        ("--first-user-id", settings.first_user_id, 0, MAX_ID - MAX_USERS),
        ("--workers", settings.workers, 1, 1024),
    ]
    for name, value, low, high in bounds:
        if not low <= value <= high:  # also true of NaN
            raise OptionsError(f"{name} must be between {low:g} and {high:g}, not {value:g}.")
    if settings.growth > math.log(MAX_USERS / settings.users):
        raise OptionsError(f"--growth-rate {settings.growth_rate:g} makes more than {MAX_USERS:,} users by the end.")
    newcomer = (config.new_user_auth, config.new_user_level)
    if settings.growth_rate > 0 and newcomer not in config.new_session:
        raise OptionsError(f"No session can begin for new users, auth {newcomer[0]!r} and level {newcomer[1]!r}.")
