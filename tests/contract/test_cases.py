"""The public cases that are about the star, and files in every form, on every engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cases.forms import DAMAGES, FORMS, PACKINGS, RECORDS
from tests.needs import needs
from tests.support import SHARED, load, rows

CASES = SHARED / "cases"
STAR = {
    "31-csv-converted-empty-texts": ((5, 0, 2), "SELECT COUNT(*) FROM songs WHERE duration IS NULL OR year IS NULL", 2),
    "45-null-island": ((0, 0, 3), "SELECT COUNT(*) FROM artists WHERE latitude = 0 AND longitude = 0", 3),
    "46-empty-title": ((0, 0, 2), "SELECT COUNT(*) FROM songs WHERE title = ''", 1),
    "57-several-objects-a-line": ((50, 50, 50), "SELECT COUNT(*) FROM songs WHERE NOT inferred", 50),
    "74-two-month-runs-other-days": ((40, 40, 0), "SELECT COUNT(DISTINCT songplay_id) FROM songplays", 40),
}
TABLES = ("staging_events", "songplays", "staging_songs")


def counts(place: Path | str) -> tuple[int, ...]:
    return rows(place, "SELECT " + ", ".join(f"(SELECT COUNT(*) FROM {table})" for table in TABLES))[0]


@needs("shared", CASES.is_dir(), f"the public cases are not at {CASES}")
@pytest.mark.parametrize("case", STAR)
def test_a_public_case_has_its_star(tmp_path: Path, case: str) -> None:
    sources = {name: str(CASES / case / name) for name in ("logs", "songs") if (CASES / case / name).is_dir()}
    place = load(tmp_path, **sources)
    loaded, sql, found = STAR[case]
    assert counts(place) == loaded
    assert rows(place, sql) == [(found,)]


def test_files_in_every_form_make_one_star(tmp_path: Path) -> None:
    """Every form, plain and packed, in one load; and again from plain lines."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "plain").mkdir()
    for number, (form, packing) in enumerate((form, packing) for form in FORMS for packing in PACKINGS):
        raw = DAMAGES["none"].content(form, number * RECORDS)
        (tmp_path / f"logs/{number}.json{packing}").write_bytes(PACKINGS[packing](raw))
        (tmp_path / f"plain/{number}.json").write_bytes(DAMAGES["none"].content("lines", number * RECORDS))
    mixed, plain = load(tmp_path), load(tmp_path, "plain", logs=str(tmp_path / "plain"))
    assert counts(mixed) == (24 * RECORDS, 24 * RECORDS, 0)
    for table in ("songplays", "time", "users", "songs"):
        sql = f'SELECT * FROM "{table}"'
        assert sorted(rows(mixed, sql), key=repr) == sorted(rows(plain, sql), key=repr), table
