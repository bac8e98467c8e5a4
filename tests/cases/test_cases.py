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
from tests.unit.command import Done, sparkify

CASES = SHARED / "cases"
pytestmark = needs("shared", CASES.is_dir(), f"the public cases are not at {CASES}")


@dataclass(frozen=True)
class Case:
    """A case: its folder, the rows at the end, the records rejected, the exit code, and what is said.

    `rejects` is how many rejects there are, where one counts for several records; `failed` how many files have failed.
    """

    folder: str
    rows: tuple[int, int, int]
    rejected: int = 0
    code: int = 0
    says: tuple[str, ...] = ()
    rejects: int | None = None
    failed: int = 0


CASES_WITH_RESULTS = [
    Case("06-firehose-no-extension", (1, 1, 0), says=("passed over in logs: 1 file (1 without an ending)",)),
    Case("08-bom-in-the-middle", (4, 4, 0)),
    Case("09-gzip-named-json", (51, 51, 0)),
    Case("17-array-per-line", (1000, 1000, 0)),
    Case("18-two-arrays-appended", (1010, 1010, 0)),
    Case("19-array-bad-third", (999, 999, 0), rejected=1),
    Case("21-comma-after-each-line", (10, 10, 0)),
    Case("21b-comma-one-line", (100, 100, 0)),
    Case(
        "23-names-not-taken", (30, 30, 0), says=("passed over in logs: 10 files (", "1 .json.bz2", "1 .log", "1 .zip")
    ),
    Case("22-nan", (0, 0, 1), rejected=1, says=("write null",)),
    Case("29b-userid-lower-on-pages", (22, 2, 0), says=("warning: fields of events", "userid (name it userId)")),
    Case(
        "30-ts-in-seconds",
        (20, 20, 0),
        says=("warning: check ts_plausible, 20 bad rows", "before 2000 (seconds for milliseconds?)"),
    ),
    Case("31-csv-converted-empty-texts", (5, 0, 2)),
    Case("45-null-island", (0, 0, 3), says=("warning: check coordinates_known, 3 bad rows",)),
    Case("46-empty-title", (0, 0, 2)),
    Case("55-comments-and-header", (40, 40, 0), rejected=6, rejects=4),
    Case("56-first-line-cut", (110, 110, 0), rejected=3, rejects=2),
    Case("57-several-objects-a-line", (50, 50, 50)),
    Case("74-two-month-runs-other-days", (40, 40, 0)),
    Case("01-html-page-named-json", (0, 0, 0), code=1, says=("looks like an HTML page",), failed=1),
    Case("02-git-lfs-pointers", (1, 1, 0), code=1, says=("2018-11-10-events.json is a Git LFS pointer",), failed=10),
    Case("04-streamify-fields", (0, 0, 0), code=1, says=("name it sessionId, not sessionid",), failed=1),
    Case("15-csv-named-json", (2, 2, 0), code=1, says=("looks like CSV",), failed=1),
    Case("29-lower-case-names", (0, 0, 0), code=1, says=("name it sessionId, not sessionid",), failed=1),
    Case("33-wrapped", (2, 2, 0), code=1, says=('wraps the list of its records in "events"',), failed=1),
]


COUNTS = "SELECT " + ", ".join(
    f"(SELECT COUNT(*) FROM {table})" for table in ("staging_events", "songplays", "staging_songs")
)


def etl(case: str, folder: Path, *more: str) -> Done:
    """Load the input of a case into the warehouse of a folder."""
    sources = [(f"--{name}", str(CASES / case / name)) for name in ("logs", "songs")]
    given = [part for option in sources if Path(option[1]).is_dir() for part in option]
    return sparkify("etl", *given, *more, "--warehouse", "duckdb:///w.duckdb", "--max-rejects", "100%", cwd=folder)


@pytest.mark.parametrize("case", CASES_WITH_RESULTS, ids=lambda case: case.folder)
def test_a_public_case_has_its_right_result(tmp_path: Path, case: Case) -> None:
    done = etl(case.folder, tmp_path)
    assert done.returncode == case.code, done.stderr
    assert rows(tmp_path / "w.duckdb", COUNTS) == [case.rows]
    place = tmp_path / "w.duckdb"
    sql = "SELECT SUM(records) - SUM(loaded), SUM(rejected) FROM etl_files WHERE state = 'loaded'"
    expected = case.rejected if rows(place, "SELECT 1 FROM etl_files WHERE state = 'loaded' LIMIT 1") else None
    assert rows(place, sql) == [(expected, expected)]
    assert rows(place, "SELECT COUNT(*) FROM etl_files WHERE state = 'failed'") == [(case.failed,)]
    of_loaded = "SELECT COUNT(*) FROM etl_rejects JOIN etl_files USING (file_id) WHERE state = 'loaded'"
    assert rows(place, of_loaded) == [(case.rejected if case.rejects is None else case.rejects,)]
    for part in case.says:
        assert part in done.stdout + done.stderr


def test_a_file_without_an_ending_is_read_where_it_is_included(tmp_path: Path) -> None:
    (tmp_path / "sparkify.toml").write_text('include = ["*-aaaa"]\n')
    done = etl("06-firehose-no-extension", tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "w.duckdb", COUNTS) == [(6, 6, 0)]


def test_a_song_jsonpath_alone_warns_and_loads(tmp_path: Path) -> None:
    case = CASES / "71b-dwh-cfg-song-jsonpath"
    done = etl(case.name, tmp_path, "--config", str(case / "dwh.cfg"))
    assert done.returncode == 0, done.stderr
    assert "SONG_JSONPATH" in done.stderr
    assert rows(tmp_path / "w.duckdb", COUNTS) == [(10, 10, 1)]


@pytest.mark.parametrize(
    ("name", "code", "says", "loaded"),
    [
        ("p2.json", 0, "", (10, 10, 0)),
        ("p3.json", 2, "ame it firstName", None),
        ("paths.json", 2, "paths.json", None),
    ],
)
def test_a_jsonpaths_file_is_read_or_refused(
    tmp_path: Path, name: str, code: int, says: str, loaded: tuple[int, int, int] | None
) -> None:
    case = CASES / "73-jsonpath-one-per-line-nested"
    (tmp_path / "sparkify.toml").write_text(f'log_jsonpath = "{case / name}"\n')
    done = etl(case.name, tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert (rows(tmp_path / "w.duckdb", COUNTS) if loaded else (tmp_path / "w.duckdb").exists()) == (
        [loaded] if loaded else False
    )


def test_the_rest_of_a_file_is_replayed(tmp_path: Path) -> None:
    """One span holds five records: a file with any number of them is given in its place."""
    case = CASES / "82-replay-of-a-rest"
    done = etl(case.name, tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "w.duckdb", COUNTS) == [(10, 10, 0)]
    assert rows(tmp_path / "w.duckdb", "SELECT COUNT(*) FROM etl_rejects WHERE resolved_by IS NULL") == [(1,)]
    replay = ("rejects", "replay", "--from", str(case / "mended.json"), "--warehouse", "duckdb:///w.duckdb")
    done = sparkify(*replay, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "w.duckdb", COUNTS) == [(15, 15, 0)]
    assert rows(tmp_path / "w.duckdb", "SELECT COUNT(*) FROM etl_rejects WHERE resolved_by IS NULL") == [(0,)]
