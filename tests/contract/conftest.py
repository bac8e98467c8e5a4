"""Every test in this folder runs on every engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support import ENGINES, EngineUnderTest, using

from sparkify.engines.registry import REGISTRY


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
