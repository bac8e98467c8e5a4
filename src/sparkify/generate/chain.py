"""The life of a user as one Markov chain.

Beside the configuration's states the chain has a START state for every (auth, level), which leads to the first
state of a session, and GONE, which nobody leaves. A session that ends moves to the START of its last auth and
level: that is how upgrades and logouts last. So every step, within a session or between two, is one look-up.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from sparkify.generate.config import SUM_TOLERANCE, Config, State
from sparkify.generate.rng import F64

PLAY_PAGE = "NextSong"
STATE = np.uint16
MAX_SESSION = 2_000  # steps that the estimate of a session's length looks ahead


class Kind(IntEnum):
    """What a state means for the clock."""

    PAGE = 0  # comes after an exponential time
    REDIRECT = 1  # comes one second later
    PLAY = 2  # comes when the song before it ends
    START = 3  # no event: a session begins
    GONE = 4  # no event: the user has left for good


class Chain:
    """The states as numbers, and the table that walks through them."""

    def __init__(self, config: Config) -> None:
        """Number the states of `config`, then the STARTs, then GONE."""
        self.states: list[State] = config.states
        self._number = {state: n for n, state in enumerate(self.states)}
        self.starts = {pair: len(self.states) + n for n, pair in enumerate(config.new_session)}
        self.gone = len(self.states) + len(self.starts)
        self.kind = np.array([_kind(s) for s in self.states] + [Kind.START] * len(self.starts) + [Kind.GONE], np.uint8)
        bounds: list[float] = []
        targets: list[int] = []
        for number, row in enumerate(self._rows(config)):
            bounds += [number + p for p in _cumulated(list(row.values()))]
            targets += row.keys()
        self._bounds = np.array(bounds)
        self._targets = np.array(targets, np.float64)

    def _rows(self, config: Config) -> list[dict[int, float]]:
        """For every state the chances of the next; each row adds up to 1."""
        rows = []
        for state in self.states:
            row = {self._number[s]: p for s, p in config.transitions.get(state, {}).items() if p > 0}
            rest = 1.0 - sum(row.values())
            if rest > SUM_TOLERANCE or not row:
                row[self._after(state, config)] = rest
            rows.append(row)
        for weights in config.new_session.values():
            total = sum(weights.values())
            rows.append({self._number[s]: w / total for s, w in weights.items() if w > 0})
        return [*rows, {self.gone: 1.0}]

    def _after(self, state: State, config: Config) -> int:
        return self.gone if state.auth == config.churned_auth else self.starts[state.auth, state.level]

    def walk(self, first: npt.NDArray[np.uint16], uniforms: F64) -> npt.NDArray[np.uint16]:
        """Walk many users at once.

        Args:
            first: the state of each of n users.
            uniforms: one number in [0, 1) per step and user; shape (steps, n).

        Returns:
            The states, shape (n, steps + 1), the first column being `first`.
        """
        steps, users = uniforms.shape
        path = np.empty((steps + 1, users), STATE)
        path[0] = first
        state = first.astype(np.float64)
        for k in range(steps):
            # The bounds of state s lie in (s, s + 1], so one binary search serves every user.
            state = self._targets[np.searchsorted(self._bounds, uniforms[k] + state, side="right")]
            path[k + 1] = state
        return np.ascontiguousarray(path.T)

    def session_length(self, weights: dict[int, float]) -> float:
        """Expected events of a session that begins in START states with these weights; an estimate, for sizes only."""
        matrix = np.zeros((self.gone + 1, self.gone + 1))
        low = np.floor(np.nextafter(self._bounds, -1)).astype(int)
        widths = np.diff(self._bounds, prepend=0.0)
        np.add.at(matrix, (low, self._targets.astype(int)), widths)
        now = np.zeros(self.gone + 1)
        for start, weight in weights.items():
            now[start] = weight / sum(weights.values())
        now = now @ matrix
        expected = 0.0
        for _ in range(MAX_SESSION):
            now[len(self.states) :] = 0.0
            expected += float(now.sum())
            now = now @ matrix
        return expected


def _kind(state: State) -> Kind:
    # A play is a play whatever its status: without a song it would be no valid record.
    if state.page == PLAY_PAGE:
        return Kind.PLAY
    return Kind.REDIRECT if 300 <= state.status <= 398 else Kind.PAGE


def _cumulated(chances: list[float]) -> list[float]:
    bounds = np.cumsum(chances).tolist()
    bounds[-1] = 1.0  # whatever the rounding: the last one takes what is left
    return [float(b) for b in bounds]
