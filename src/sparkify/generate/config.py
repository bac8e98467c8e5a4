"""Read eventsim's configuration file: the states, the chances of moving between them, and the clock's settings.

The file's format is described in the README of https://github.com/Interana/eventsim. Everything is checked here,
so that a mistake is an error that names its place (`transitions[12].p`) and not a strange simulation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from sparkify.generate.errors import OptionsError

SUM_TOLERANCE = 1e-9  # ten times 0.1 is a little less than 1
DAY_SECONDS = 86_400


class State(NamedTuple):
    """What an event says of the page; users move from one to the next."""

    page: str
    auth: str
    method: str
    status: int
    level: str

    def __str__(self) -> str:
        """For errors."""
        return f"{self.page} ({self.auth}, {self.method} {self.status}, {self.level})"


@dataclass(frozen=True)
class Config:
    """A site's configuration; times in seconds unless said otherwise."""

    transitions: dict[State, dict[State, float]]
    new_session: dict[tuple[str, str], dict[State, float]]  # by (auth, level)
    auths: dict[str, float]
    levels: dict[str, float]
    show_user: dict[str, bool]  # by auth
    churned_auth: str | None = None
    new_user_auth: str = "Guest"
    new_user_level: str = "free"
    alpha: float = 60.0  # mean time between events of a session
    beta: float = 3.0 * DAY_SECONDS  # mean time between sessions
    damping: float = 0.0625
    weekend_damping: float = 0.5
    weekend_damping_offset: int = 180  # minutes
    weekend_damping_scale: int = 360  # minutes
    session_gap: int = 1800
    given: dict[str, Any] = field(default_factory=dict)  # dates, counts and the like, which options can override

    @property
    def states(self) -> list[State]:
        """Every state, in the order of the file."""
        found = dict.fromkeys(self.transitions)
        for targets in self.transitions.values():
            found.update(dict.fromkeys(targets))
        return list(found)


class _Reader:
    """Takes values out of the parsed file, each with its place for the error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fail(self, place: str, problem: str) -> OptionsError:
        return OptionsError(f"{self.name}: {place}: {problem}")

    def number(self, item: dict[str, Any], key: str, place: str, low: float, high: float = 1e15) -> float:
        value = item.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(place, f"a number is needed, found {json.dumps(value)}")
        if not low <= value <= high:
            raise self.fail(place, f"{value} is not between {low:g} and {high:g}")
        return float(value)

    def text(self, item: dict[str, Any], key: str, place: str) -> str:
        value = item.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(f"{place}.{key}", f"a text is needed, found {json.dumps(value)}")
        return value

    def items(self, raw: dict[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        value = raw.get(key)
        if not isinstance(value, list) or not value:
            raise self.fail(key, "a list with at least one entry is needed")
        for n, item in enumerate(value):
            if not isinstance(item, dict):
                raise self.fail(f"{key}[{n}]", "an object is needed")
            yield f"{key}[{n}]", item

    def state(self, item: Any, place: str) -> State:
        if not isinstance(item, dict):
            raise self.fail(place, "a state is needed: an object with page, auth, method, status and level")
        status = self.number(item, "status", f"{place}.status", 100, 999)
        page, auth, method, level = (self.text(item, key, place) for key in ("page", "auth", "method", "level"))
        return State(page, auth, method, int(status), level)

    def weights(self, raw: dict[str, Any], key: str, label: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for place, item in self.items(raw, key):
            name = self.text(item, label, place)
            found[name] = found.get(name, 0.0) + self.number(item, "weight", f"{place}.weight", 0)
        if not sum(found.values()):
            raise self.fail(key, "all weights are 0")
        return found


def load(path: Path | None) -> Config:
    """Read the configuration at `path`, or the built-in one.

    Raises:
        OptionsError: the file cannot be read, is not JSON, or says something impossible.
    """
    if path is None:
        text = resources.files("sparkify.generate").joinpath("data/default-config.json").read_text("utf-8")
        return parse(text, "built-in configuration")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise OptionsError(f"The configuration {path} cannot be read: {e}") from e
    return parse(text, str(path))


def parse(text: str, name: str) -> Config:
    """Read a configuration from its text; `name` says in errors which one it was."""
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as e:
        raise OptionsError(f"{name}: line {e.lineno}, column {e.colno}: not JSON: {e.msg}") from e
    reader = _Reader(name)
    if not isinstance(raw, dict):
        raise reader.fail("line 1", "an object is needed")
    config = Config(
        transitions=_transitions(raw, reader),
        new_session=_new_session(raw, reader),
        auths=reader.weights(raw, "auths", "auth"),
        levels=reader.weights(raw, "levels", "level"),
        show_user=_show_user(raw, reader),
        churned_auth=None if raw.get("churned-state") is None else reader.text(raw, "churned-state", "the top"),
        **_settings(raw, reader),
    )
    _check_states(config, raw, reader)
    _check_sessions(config, reader)
    return config


def _transitions(raw: dict[str, Any], reader: _Reader) -> dict[State, dict[State, float]]:
    found: dict[State, dict[State, float]] = {}
    for place, item in reader.items(raw, "transitions"):
        source = reader.state(item.get("source"), f"{place}.source")
        dest = reader.state(item.get("dest"), f"{place}.dest")
        p = reader.number(item, "p", f"{place}.p", 0, 1)
        targets = found.setdefault(source, {})
        targets[dest] = targets.get(dest, 0.0) + p
        if (total := sum(targets.values())) > 1 + SUM_TOLERANCE:
            raise reader.fail(f"{place}.p", f"the chances of leaving {source} now add up to {total:.6g}, more than 1")
    return found


def _new_session(raw: dict[str, Any], reader: _Reader) -> dict[tuple[str, str], dict[State, float]]:
    found: dict[tuple[str, str], dict[State, float]] = {}
    for place, item in reader.items(raw, "new-session"):
        state = reader.state(item, place)
        weight = reader.number(item, "weight", f"{place}.weight", 0)
        weights = found.setdefault((state.auth, state.level), {})
        weights[state] = weights.get(state, 0.0) + weight
    return {key: weights for key, weights in found.items() if sum(weights.values()) > 0}


def _show_user(raw: dict[str, Any], reader: _Reader) -> dict[str, bool]:
    found = {}
    for place, item in reader.items(raw, "show-user-details"):
        if not isinstance(item.get("show"), bool):
            raise reader.fail(f"{place}.show", f"true or false is needed, found {json.dumps(item.get('show'))}")
        found[reader.text(item, "auth", place)] = item["show"]
    return found


# key in the file: (field, lowest, highest). A damping of 1/(2 pi) or more would turn the day's order around,
# but eventsim takes it, and so do we, up to a whole day.
_NUMBERS: dict[str, tuple[str, float, float]] = {
    "alpha": ("alpha", 1e-3, 1e9),
    "beta": ("beta", 1.0, 1e10),
    "damping": ("damping", 0.0, 1.0),
    "weekend-damping": ("weekend_damping", 0.0, 0.999),
    "weekend-damping-offset": ("weekend_damping_offset", 0, 1440),
    "weekend-damping-scale": ("weekend_damping_scale", 0, 1440),
    "session-gap": ("session_gap", 0, 1e9),
}
_WHOLE = {"weekend_damping_offset", "weekend_damping_scale", "session_gap"}
_GIVEN_NUMBERS: dict[str, tuple[float, float]] = {
    "seed": (-(2.0**63), 2.0**64),
    "n-users": (1, 2.0**40),
    "first-user-id": (0, 2.0**53),
    "growth-rate": (0, 1e3),
    "attrition-rate": (0, 1e6),
}


def _settings(raw: dict[str, Any], reader: _Reader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, (name, low, high) in _NUMBERS.items():
        if key in raw:
            value = reader.number(raw, key, key, low, high)
            found[name] = int(value) if name in _WHOLE else value
    for key, name in (("new-user-auth", "new_user_auth"), ("new-user-level", "new_user_level")):
        if key in raw:
            found[name] = reader.text(raw, key, "new user")
    given: dict[str, Any] = {}
    for key, (low, high) in _GIVEN_NUMBERS.items():
        if raw.get(key) is not None:
            value = reader.number(raw, key, key, low, high)
            given[key] = value if key.endswith("rate") else int(raw[key])
    for key in ("start-date", "end-date", "tag"):
        if raw.get(key) is not None:
            given[key] = reader.text(raw, key, "the top")
    return {**found, "given": given}


def _check_states(config: Config, raw: dict[str, Any], reader: _Reader) -> None:
    known = set(config.states)
    for place, item in reader.items(raw, "new-session"):
        state = reader.state(item, place)
        if state not in known:
            raise reader.fail(place, f"the state {state} is unknown: no transition leads from or to it")
    reached = {state for weights in config.new_session.values() for state, w in weights.items() if w > 0}
    waiting = list(reached)
    while waiting:
        for state, p in config.transitions.get(waiting.pop(), {}).items():
            if p > 0 and state not in reached:
                reached.add(state)
                waiting.append(state)
    for n, item in enumerate(raw["transitions"]):
        for end in ("source", "dest"):
            state = reader.state(item[end], f"transitions[{n}].{end}")
            if state not in reached:
                raise reader.fail(f"transitions[{n}].{end}", f"the state {state} is nowhere reachable")
            if state.auth not in config.show_user:
                raise reader.fail("show-user-details", f"nothing is said of auth {state.auth!r}, used by {state}")


def _check_sessions(config: Config, reader: _Reader) -> None:
    """A state that ends a session must have a state that begins one."""
    for state in config.states:
        ends = sum(config.transitions.get(state, {}).values()) < 1 - SUM_TOLERANCE
        if ends and state.auth != config.churned_auth and (state.auth, state.level) not in config.new_session:
            raise reader.fail("new-session", f"no session can begin after {state}: no state with this auth and level")
    pairs = [(a, v) for a, wa in config.auths.items() for v, wv in config.levels.items() if wa * wv > 0]
    for auth, level in pairs:
        if (auth, level) not in config.new_session:
            raise reader.fail("new-session", f"no state for new users with auth {auth!r} and level {level!r}")
