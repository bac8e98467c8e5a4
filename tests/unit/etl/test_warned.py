"""Bad rows are counted once over the chunks of a run, as far as the run remembers them."""

from __future__ import annotations

import pytest

from sparkify.etl import warned
from sparkify.star.checks import Check, CheckFinding

CHECK = Check("some", "rows are good", False, "SELECT 1", ("id",))


def _found(*ids: int, count: int = 0) -> CheckFinding:
    return CheckFinding(CHECK, count or len(ids), ("id",), [], frozenset((one,) for one in ids))


def test_a_row_of_several_chunks_counts_once() -> None:
    rows = warned.Warned()
    assert [rows.count(found) for found in (_found(1, 2), _found(2, 3), _found(3, count=11))] == [2, 3, 13]


def test_what_a_run_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warned, "MOST_REMEMBERED", 3)
    rows = warned.Warned()
    assert rows.count(_found(1, 2)) == 2
    assert rows.count(_found(2, 3, 4, 5)) == 5
    assert rows.count(_found(1, 2)) == 5
    assert rows.count(_found(6, 7)) == 7
    assert sum(len(keys) for keys in rows._keys.values()) == 3
