"""Inputs after faults that users of such pipelines reported in public, each with its right result.

The inputs and the results are those of `../shared/cases`. The rows of a case are those of staging_events, songplays and
staging_songs; `says` is on the screen, one way or the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.needs import needs
from tests.support import SHARED, rows
from tests.unit.command import sparkify

CASES = SHARED / "cases"
pytestmark = needs("shared", CASES.is_dir(), f"the public cases are not at {CASES}")


@dataclass(frozen=True)
class Case:
    """A case: its folder, the rows at the end, the records rejected, the exit code, and what is said."""

    folder: str
    rows: tuple[int, int, int]
    rejected: int = 0
    code: int = 0
    says: tuple[str, ...] = ()


CASES_WITH_RESULTS = [
    Case("06-firehose-no-extension", (1, 1, 0), says=("passed over",)),
    Case("08-bom-in-the-middle", (4, 4, 0)),
    Case("09-gzip-named-json", (51, 51, 0)),
    Case("17-array-per-line", (1000, 1000, 0)),
    Case("18-two-arrays-appended", (1010, 1010, 0)),
    Case("21-comma-after-each-line", (10, 10, 0)),
    Case("21b-comma-one-line", (100, 100, 0)),
    Case("23-names-not-taken", (30, 30, 0), says=("passed over",)),
    Case("30-ts-in-seconds", (20, 20, 0), says=("before 2000", "seconds for milliseconds")),
    Case("31-csv-converted-empty-texts", (5, 0, 2)),
    Case("45-null-island", (0, 0, 3), says=("coordinates",)),
    Case("46-empty-title", (0, 0, 2)),
    Case("55-comments-and-header", (40, 40, 0), rejected=6),
    Case("56-first-line-cut", (110, 110, 0), rejected=3),
    Case("57-several-objects-a-line", (50, 50, 50)),
]


@pytest.mark.parametrize("case", CASES_WITH_RESULTS, ids=lambda case: case.folder)
def test_a_public_case_has_its_right_result(tmp_path: Path, case: Case) -> None:
    sources = [(f"--{name}", str(CASES / case.folder / name)) for name in ("logs", "songs")]
    given = [part for option in sources if Path(option[1]).is_dir() for part in option]
    done = sparkify("etl", *given, "--warehouse", "duckdb:///w.duckdb", "--max-rejects", "100%", cwd=tmp_path)
    assert done.returncode == case.code, done.stderr
    counts = ", ".join(f"(SELECT COUNT(*) FROM {table})" for table in ("staging_events", "songplays", "staging_songs"))
    assert rows(tmp_path / "w.duckdb", f"SELECT {counts}") == [case.rows]
    if case.code == 0:
        sql = "SELECT SUM(records) - SUM(loaded), SUM(rejected) FROM etl_files"
        assert rows(tmp_path / "w.duckdb", sql) == [(case.rejected, case.rejected)]
    for part in case.says:
        assert part in done.stdout + done.stderr
