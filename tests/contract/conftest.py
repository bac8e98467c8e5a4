"""Every test in this folder runs on every engine; on PostgreSQL with ICU where order or answers matter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import ENGINES, EngineUnderTest, using

from sparkify.engines.registry import REGISTRY

HERE = Path(__file__).parent
ICU = next(engine for engine in ENGINES if engine.name == "postgresql-icu")
ORDER_MATTERS = {
    *("test_answers", "test_cases", "test_compare", "test_golden_numbers", "test_histories", "test_order"),
}
"""Modules that run on a server that orders text by the rules of a language; for others it is PostgreSQL once more."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what proves nothing more."""
    left_out = {id(item): item for item in items if _repeats_postgresql(item)}
    config.hook.pytest_deselected(items=list(left_out.values()))
    items[:] = [item for item in items if id(item) not in left_out]


def _repeats_postgresql(item: pytest.Item) -> bool:
    if item.path.parent != HERE or not isinstance(item, pytest.Function) or item.path.stem in ORDER_MATTERS:
        return False
    return item.callspec.params["engine"] == ICU


@pytest.fixture(scope="module", autouse=True, params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Iterator[EngineUnderTest]:
    """The engine under test; its server is started when it is first needed."""
    under_test: EngineUnderTest = request.param
    if under_test.server:
        under_test.server()
    with using(under_test):
        yield under_test


def pytest_configure() -> None:
    """A new engine cannot be forgotten here."""
    missing = {entry.module for entry in REGISTRY.values()} - {REGISTRY[engine.scheme].module for engine in ENGINES}
    assert not missing, f"no contract tests run on {missing}"
