"""A refused run holds a page of its rejects at a time, however many there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import event, write_lines
from tests.unit.command import COMMAND, environment

FEW, MANY = 100_000, 300_000
MEMORY_LIMIT = "200MB"
"""What DuckDB may hold; the fewer rejects fill it already, so that more of them are on disk."""
MOST_BYTES_EACH = 300
"""What a reject more may add to the peak, in bytes: a part of its text, of which a list of rejects would hold all."""

MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
"""Runs a command and prints its peak in KiB: to begin with, a process has the peak of the one that started it, which is
larger here than that of the command."""


def _peak(folder: Path, rejects: int) -> int:
    """The most memory that a refused run of so many rejects took, in bytes."""
    write_lines(folder / "logs/a.json", [event(), *[event(ts=5.7)] * rejects])
    command = [*COMMAND, "etl", "--logs", "logs", "--rejects-file", "rejects.json"]
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        cwd=folder, env=environment({"SPARKIFY_MEMORY_LIMIT": MEMORY_LIMIT}), capture_output=True, text=True,
    )  # fmt: skip
    assert measured.returncode == 3, measured.stderr
    with open(folder / "rejects.json", "rb") as written:
        assert sum(1 for _ in written) == rejects
    return int(measured.stdout.split()[-1]) * 1024


def test_more_rejects_than_memory_holds_are_on_disk(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    few, many = _peak(tmp_path / "few", FEW), _peak(tmp_path / "many", MANY)
    assert (many - few) / (MANY - FEW) < MOST_BYTES_EACH, f"{few / 1e6:.0f} MB, then {many / 1e6:.0f} MB"
