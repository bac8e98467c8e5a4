"""A test whose need is missing is skipped, or fails where the need is required: tests of the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.needs import NEEDS, VARIABLE, missing, required
from tests.support import ROOT

TESTS = """
from tests.needs import missing, needs

@needs("shared", False, "no sample")
def test_by_mark(): pass

@needs("shared", True, "")
def test_there(): pass

def test_by_call(): missing("disk", "no disk")
"""


@pytest.mark.parametrize(
    ("names", "end"),
    [
        ("", "1 passed, 2 skipped"),
        ("shared", "1 passed, 1 skipped, 1 error"),
        ("shared, disk", "1 failed, 1 passed, 1 error"),
        ("all", "1 failed, 1 passed, 1 error"),
        ("kafka", "1 passed, 2 skipped"),
        ("shered", "SPARKIFY_TEST_REQUIRE names shered; known are all, shared"),
    ],
)
def test_what_is_required_must_be_there(tmp_path: Path, names: str, end: str) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_configure, pytest_runtest_setup\n")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\nmarkers = needs\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib", "."]
    env = {**os.environ, VARIABLE: names}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert end in done.stdout + done.stderr


def test_nothing_that_costs_money_is_meant_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "all")
    assert required() == NEEDS.keys() - {"aws"} | {"all"}
    with pytest.raises(pytest.skip.Exception):
        missing("aws", "it costs money")


def test_ci_requires_what_its_machines_have() -> None:
    named = re.search(rf"{VARIABLE}=\S*?([a-z]+(?:,[a-z]+)+)", (ROOT / ".ci/run").read_text("utf-8"))
    assert named
    assert set(named[1].split(",")) == NEEDS.keys() - {"aws", "ports"}
