"""The shape of the code: short functions, short modules, one way to print, and words that a reader knows."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/sparkify"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
LONGEST_MEDIAN = 6

BANNED_WORDS = re.compile(
    r"\banew\b|held against|in silence\b|keeps? the books|\bthe books\b|\bmend(s|ed|ing)?\b|without a word\b"
    r"|\bspoilt\b|\bwinners?\b|\blosers?\b|\bheed(s|ed)?\b|as (it|they) lies?\b"
    r"|nobody else is at it|\bhas no spelling\b|slip of the pen|from hand to hand|\bto be mended\b|who reads is not",
    re.IGNORECASE,
)
"""Turns of phrase that a data engineer would have to read twice; docs/glossary.md has the terms to use."""


def _functions() -> Iterator[tuple[str, int]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(SOURCE)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_no_module_is_long() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    lengths = dict(_functions())
    assert len(lengths) > 500
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}
    assert statistics.median(lengths.values()) <= LONGEST_MEDIAN


def _written() -> list[Path]:
    documents = [path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"]
    documents += (ROOT / "docs").rglob("*.md")
    return [*documents, *MODULES, *SOURCE.rglob("*.sql")]


@pytest.mark.parametrize("path", _written(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_words_are_plain(path: Path) -> None:
    found = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if BANNED_WORDS.search(line)
    ]
    assert found == []


def test_a_test_is_skipped_in_one_place_only() -> None:
    """So that none is skipped where what it needs must be there: tests/needs.py."""
    tests = ROOT / "tests"
    names = {
        f"{path.relative_to(tests)}:{node.lineno}: {node.attr}"
        for path in tests.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("skip", "skipif", "importorskip", "xfail", "skipTest")
    }
    assert {name.split(":")[0] for name in names} == {"needs.py", "unit/test_needs.py"}


def test_python_dash_m_runs_the_command_line() -> None:
    done = subprocess.run([sys.executable, "-m", "sparkify", "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"sparkify \d+\.\d+\.\d+\n", done.stdout)
