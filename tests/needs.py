"""What some tests need and not every machine has, and the one way to skip a test.

A test is skipped where what it needs is missing. Where SPARKIFY_TEST_REQUIRE names the need (names with commas between
them, or `all`), as `.ci/run` does, the test fails instead.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

NEEDS = {
    "shared": "the real sample and the public cases: ../shared, or the folder that SPARKIFY_SHARED names",
    "postgres": "PostgreSQL 15 of Debian",
    "kafka": "java and mvn, for a broker",
    "browser": "Chromium",
    "axe": "npm, which installs axe-core",
    "disk": "the right to mount a small disk",
    "container": "the right to give a process a namespace of its own",
    "names": "a file system whose names need not be UTF-8",
    "ports": "a free port among those that Redshift takes",
    "aws": "AWS itself, which costs money: SPARKIFY_LIVE_AWS=1",
}
VARIABLE = "SPARKIFY_TEST_REQUIRE"
WHATEVER_IS_FREE = NEEDS.keys() - {"aws"}
"""What `all` means."""


def required() -> frozenset[str]:
    """The needs that must be there.

    Raises:
        pytest.UsageError: one of the names is none of a need.
    """
    named = frozenset(name.strip() for name in os.environ.get(VARIABLE, "").split(",")) - {""}
    if unknown := sorted(named - NEEDS.keys() - {"all"}):
        raise pytest.UsageError(f"{VARIABLE} names {', '.join(unknown)}; known are all, {', '.join(NEEDS)}")
    return named | WHATEVER_IS_FREE if "all" in named else named


def missing(need: str, reason: str) -> NoReturn:
    """Skip the test that runs, or fail it where its need is required."""
    if need in required():
        pytest.fail(f"{reason}; {VARIABLE} requires {need}: {NEEDS[need]}", pytrace=False)
    pytest.skip(reason)


def needs(need: str, is_there: bool, reason: str) -> pytest.MarkDecorator:
    """A mark for tests that cannot run where something is not there; `tests/conftest.py` acts on it."""
    assert need in NEEDS
    return pytest.mark.needs(need) if is_there else pytest.mark.needs(need, reason)
