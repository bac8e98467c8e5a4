"""The tables that users are drawn from: names, places, agents, each with a weight.

The files in `data/` are the project's own: names and counts after the United States Census Bureau's lists of
surnames (2010) and metropolitan areas (2020) and the Social Security Administration's lists of first names, all in
the public domain, rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from sparkify.generate.rng import F64


@dataclass(frozen=True)
class Weighted:
    """Rows of text, drawn by their weights."""

    rows: list[tuple[str, ...]]
    bounds: F64  # cumulated shares

    def draw(self, uniform: F64) -> npt.NDArray[np.intp]:
        """Positions of rows, one for every number in [0, 1)."""
        return np.minimum(np.searchsorted(self.bounds, uniform, side="right"), len(self.rows) - 1)


@dataclass(frozen=True)
class Tables:
    """Everything a user can be."""

    first_names: Weighted  # (name, gender)
    last_names: Weighted  # (name,)
    locations: Weighted  # (metropolitan area,)
    agents: Weighted  # (user agent,)


@lru_cache(maxsize=1)
def tables() -> Tables:
    """Read the tables, once."""
    return Tables(*(read_weighted(name) for name in ("first_names", "last_names", "metro_areas", "user_agents")))


def read_lines(name: str) -> list[str]:
    """The lines of a data file that are neither empty nor comments."""
    text = resources.files("sparkify.generate").joinpath(f"data/{name}.tsv").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def read_weighted(name: str) -> Weighted:
    """Read a table whose first column is the weight."""
    rows = [line.split("\t") for line in read_lines(name)]
    weights = np.array([float(row[0]) for row in rows])
    return Weighted([tuple(row[1:]) for row in rows], np.cumsum(weights) / weights.sum())
