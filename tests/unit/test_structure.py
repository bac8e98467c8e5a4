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
    r"\banew\b|held against|in silence\b|keeps? the books|\bthe books\b|\bmend(s|ed|ing)?\b(?!\.json)|without a word\b"
    r"|\bspoilt\b|\bwinners?\b|\blosers?\b|\bheed(s|ed)?\b|as (it|they) lies?\b|\blies\b"
    r"|\bnobody else\b|\bhas no spelling\b|slip of the pen|from hand to hand|who reads is not|\bhindered\b"
    r"|found \d+ rows? against|no level that is not|it may be written to, and",
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
    code = [path for name in ("tests", "benchmarks", "examples", "docs") for path in (ROOT / name).rglob("*.py")]
    code = [path for path in code if path != Path(__file__)]  # which names them
    others = [ROOT / "Makefile", ROOT / "mkdocs.yml", *(ROOT / "tests" / "golden" / "terminal").rglob("*.txt")]
    return [*documents, *code, *others, *MODULES, *SOURCE.rglob("*.sql")]


def test_the_words_are_plain() -> None:
    paths = _written()
    assert len(paths) > 600
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if BANNED_WORDS.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "sentence",
    [
        "found 1 row against the check", "it may be written to, and nobody else is at it", "to be mended",
        "this default has no spelling", "a run must not leave the books", "Who reads is not hindered by a chunk",
        "they differ from hand to hand", "and no level that is not left at the next change", "the star was built anew",
    ],
)  # fmt: skip
def test_the_sentences_that_users_stumbled_over_are_found(sentence: str) -> None:
    assert BANNED_WORDS.search(sentence)


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
