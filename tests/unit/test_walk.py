"""The walk of a record: which packages an etl on DuckDB passes, and that no package calls one above it."""

from __future__ import annotations

import inspect
import sys
import threading
from configparser import ConfigParser
from pathlib import Path
from types import FrameType
from typing import Any

from tests.support import event, song, write_lines

import sparkify
from sparkify.config.settings import load
from sparkify.engines.registry import connect
from sparkify.etl.run import Run

ROOT = Path(sparkify.__file__).parent
MOST_PACKAGES = 10

_SUSPENDED = inspect.CO_GENERATOR | inspect.CO_COROUTINE
"""A generator that goes on is not called by the function that asks it for more."""


_HANDED_DOWN: set[str] = set()
"""What a package above hands down to be told of progress."""


def _layers() -> dict[str, int]:
    """The layer of each package, from the lowest, as `.importlinter` says."""
    parser = ConfigParser()
    parser.read(ROOT.parent.parent / ".importlinter")
    lines = parser["importlinter:contract:layers"]["layers"].split("\n")
    found = [[name.strip() for name in line.split("|")] for line in lines if line.strip()]
    return {name: level for level, names in enumerate(reversed(found)) for name in names}


def _package(frame: FrameType) -> str:
    """The package below sparkify that a frame is in; empty if it is in none."""
    path = Path(frame.f_code.co_filename)
    return path.relative_to(ROOT).parts[0].removesuffix(".py") if path.is_relative_to(ROOT) else ""


def _caller(frame: FrameType) -> str:
    """The package that a call came from, through whatever is between."""
    before = frame.f_back
    while before is not None and not _package(before):
        before = before.f_back
    return _package(before) if before else ""


def _etl(folder: Path) -> None:
    write_lines(folder / "logs/a.json", [event()])
    write_lines(folder / "songs/x.json", [song()])
    url = f"duckdb:///{folder}/w.duckdb"
    settings = load({"warehouse": url, "logs": str(folder / "logs"), "songs": str(folder / "songs")}).settings
    engine = connect(url, settings.access(read_only=False))
    try:
        assert Run(engine, settings).run().records == 2
    finally:
        engine.close()


def _calls(folder: Path) -> set[tuple[str, str, str]]:
    """Pairs of packages of which the first calls the second, with the function."""
    calls: set[tuple[str, str, str]] = set()

    def note(frame: FrameType, what: str, _argument: Any) -> None:
        if what == "call" and not frame.f_code.co_flags & _SUSPENDED and (package := _package(frame)):
            calls.add((_caller(frame), package, frame.f_code.co_qualname))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        _etl(folder)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls


def test_a_record_passes_few_packages_and_none_calls_one_above_it(tmp_path: Path) -> None:
    layers = _layers()
    calls = _calls(tmp_path)
    packages = {called for _, called, _ in calls if (ROOT / called).is_dir()}
    assert {"etl", "sources", "reader", "engines", "star", "warehouse"} <= packages
    assert len(packages) <= MOST_PACKAGES
    upward = {
        (caller, called, function)
        for caller, called, function in calls
        if caller in layers and called in layers and layers[called] > layers[caller]
    }
    assert {call for call in upward if call[2] not in _HANDED_DOWN} == set()
