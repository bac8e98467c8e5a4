"""Random histories of hostile worlds, compared after every step with a star in plain Python."""

from __future__ import annotations

import os

import pytest
from tests.reliability.attack import try_seed
from tests.support import DUCKDB, ENGINES, LONG, EngineUnderTest

FIRST_SEED = int(os.environ.get("SPARKIFY_TEST_SEED", "0"))
HISTORIES = {"duckdb": 10_000 if LONG else 20, "postgresql": 1_000 if LONG else 3}
"""How many histories are tried; `SPARKIFY_TEST_SEED` moves them to others."""
AT_ONCE = 10


def _batches() -> list[tuple[EngineUnderTest, range]]:
    found = []
    for engine in ENGINES:
        seeds = range(FIRST_SEED, FIRST_SEED + HISTORIES.get(engine.name, 0))
        found += [(engine, seeds[at : at + AT_ONCE]) for at in range(0, len(seeds), AT_ONCE)]
    return found


@pytest.mark.parametrize(("engine", "seeds"), _batches(), ids=lambda value: getattr(value, "name", str(value)))
def test_the_warehouse_is_what_the_model_says(engine: EngineUnderTest, seeds: range) -> None:
    failures = [f"seed {seed} fails {failure}" for seed in seeds if (failure := try_seed(seed, engine))]
    assert failures == []


def test_the_engines_are_those_that_were_meant() -> None:
    assert DUCKDB.name in HISTORIES
    assert set(HISTORIES) <= {engine.name for engine in ENGINES}
