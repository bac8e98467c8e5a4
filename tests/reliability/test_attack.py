"""Random histories of hostile worlds, compared after every step with a star in plain Python."""

from __future__ import annotations

import os

import pytest
from tests.reliability.attack import try_seed
from tests.reliability.model.history import Place, make_history
from tests.support import DUCKDB, ENGINES, LONG, EngineUnderTest

FIRST_SEED = int(os.environ.get("SPARKIFY_TEST_SEED", "0"))
HISTORIES = {"duckdb": 10_000 if LONG else 10, "postgresql": 1_000 if LONG else 2}
"""How many histories of two to five steps are tried; `SPARKIFY_TEST_SEED` moves them to others."""
SHORT_HISTORIES = 1_000 if LONG else 200
"""Of two steps, on DuckDB: a load, and what changes and is replayed after it."""
AT_ONCE = 10


def _batches(count: int) -> list[range]:
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    return [seeds[at : at + AT_ONCE] for at in range(0, len(seeds), AT_ONCE)]


def _on_engines() -> list[tuple[EngineUnderTest, range]]:
    return [(engine, seeds) for engine in ENGINES for seeds in _batches(HISTORIES.get(engine.name, 0))]


def _failures(engine: EngineUnderTest, seeds: range, steps: int | None = None) -> list[str]:
    return [f"seed {seed} fails {failure}" for seed in seeds if (failure := try_seed(seed, engine, steps))]


@pytest.mark.parametrize(("engine", "seeds"), _on_engines(), ids=lambda value: getattr(value, "name", str(value)))
def test_the_warehouse_is_what_the_model_says(engine: EngineUnderTest, seeds: range) -> None:
    assert _failures(engine, seeds) == []


@pytest.mark.parametrize("seeds", _batches(SHORT_HISTORIES), ids=str)
def test_so_it_is_after_two_steps(seeds: range) -> None:
    assert _failures(DUCKDB, seeds, steps=2) == []


def test_all_that_may_happen_to_files_happens() -> None:
    """A kind of step that no history takes would be tested by none."""
    steps = [step for seed in range(200) for step in make_history(seed, steps=2).steps]
    for name in ("removed", "touched", "disguised", "replays", "prune", "full_refresh"):
        assert sum(bool(getattr(step, name)) for step in steps) >= 10, name
    assert {step.stop for step in steps} == {"", "error", "kill"}
    assert sum(bool(file.cut) for step in steps for file in step.written.values()) >= 5


def test_files_grow_in_histories() -> None:
    """What was there is there still, and more: half of a line too."""
    grown = 0
    for seed in range(200):
        before: dict[Place, bytes] = {}
        for step in make_history(seed).steps:
            for place, file in step.written.items():
                content = file.content()
                was = before.get(place)
                grown += (
                    bool(was) and len(content) > len(was or b"") and content.startswith(was or b"") and not file.packing
                )
                before[place] = content
    assert grown >= 10


def test_the_engines_are_those_that_were_meant() -> None:
    assert DUCKDB.name in HISTORIES
    assert set(HISTORIES) <= {engine.name for engine in ENGINES}
