"""A refused run holds a page of its rejects at a time, however many there are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support import event, write_lines
from tests.unit.command import COMMAND, environment

FEW, MANY = 60_000, 160_000
MOST_BYTES_EACH = 1_000
"""What a reject more may add to the peak, in bytes; with the fewer ones the warehouse's buffers are full already."""


def _peak(folder: Path, rejects: int) -> int:
    """The most memory that a refused run of so many rejects took, in bytes."""
    write_lines(folder / "logs/a.json", [event(), *[event(ts=5.7)] * rejects])
    with open(folder / "err", "wb") as err:
        options = ("--logs", "logs", "--rejects-file", "rejects.json")
        process = subprocess.Popen([*COMMAND, "etl", *options], cwd=folder, env=environment(), stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 3, (folder / "err").read_text()
    with open(folder / "rejects.json", "rb") as written:
        assert sum(1 for _ in written) == rejects
    return usage.ru_maxrss * 1024


def test_a_reject_more_takes_less_memory_than_it_has_text(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    few, many = _peak(tmp_path / "few", FEW), _peak(tmp_path / "many", MANY)
    assert (many - few) / (MANY - FEW) < MOST_BYTES_EACH, f"{few / 1e6:.0f} MB, then {many / 1e6:.0f} MB"
