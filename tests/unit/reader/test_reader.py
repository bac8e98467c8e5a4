"""One file, from its bytes to rows, rejects and counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import event, write_lines

from sparkify.reader.reader import FileRead, read
from sparkify.sources.registry import file_at
from sparkify.storage.spool import Spool, SpoolFull

WITHOUT_SESSION = {**event(userAgent="x" * 900), "sessionId": None}
REJECTS = 3_000


def _read(folder: Path, lines: list[Any], spool_limit: int) -> tuple[FileRead, list[int]]:
    """What comes of a file, and the numbers of its rejects."""
    path = folder / "a.json"
    write_lines(path, lines)
    with Spool(str(folder / "spool"), spool_limit) as spool:
        found = read(file_at("events", str(path)), 1, spool)
        lines_of_rejects = found.reject_lines or (Path(found.reject_path).read_bytes() if found.reject_path else b"")
    return found, [json.loads(line)["reject_no"] for line in lines_of_rejects.splitlines()]


def test_a_file_that_fails_writes_no_more_than_its_first_rejects(tmp_path: Path) -> None:
    """Three megabytes of rejects, where the spool may hold two."""
    found, numbers = _read(tmp_path, [WITHOUT_SESSION] * REJECTS, 2_000_000)
    assert "all of its 3,000 records were rejected" in found.failure
    assert (found.records, found.rejected) == (REJECTS, REJECTS)
    assert numbers == list(range(1, 1_001))


@pytest.mark.parametrize("before", [999, 1_000, 1_001, REJECTS])
def test_a_record_that_is_accepted_after_many_rejects_keeps_them_all(tmp_path: Path, before: int) -> None:
    found, numbers = _read(tmp_path, [WITHOUT_SESSION] * before + [event()] + [WITHOUT_SESSION] * 5, 10_000_000)
    assert found.failure == ""
    assert (found.records, found.rejected, found.accepted) == (before + 6, before + 5, 1)
    assert numbers == list(range(1, before + 6))


def test_rejects_of_a_file_that_does_not_fail_count_against_the_spool(tmp_path: Path) -> None:
    with pytest.raises(SpoolFull):
        _read(tmp_path, [event()] + [WITHOUT_SESSION] * REJECTS, 2_000_000)
