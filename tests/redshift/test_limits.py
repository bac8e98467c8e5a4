"""Texts at the limit of the contract, and what else Redshift's limits are about: they load as on every other engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.redshift.driver import Run
from tests.redshift.standin import RedshiftStandIn
from tests.support import event, song, write_lines

import sparkify
from sparkify.contract import MAX_TEXT_BYTES


@pytest.fixture
def warehouse(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty warehouse, and an environment in which it can be loaded."""
    monkeypatch.setenv("PGPASSWORD", redshift.password)
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", redshift.role)
    monkeypatch.setenv("SPARKIFY_COPY_SPOOL", f"s3://{redshift.bucket}/spool")
    yield redshift.url


LONGEST = "u" * MAX_TEXT_BYTES
ARTIST, SONG = "ä" * 20_000, "s" * 40_000


def _load(urls: tuple[str, ...], folder: Path, **settings: Any) -> None:
    for url in urls:
        with sparkify.connect(url) as connection:
            connection.etl(logs=str(folder / "logs"), songs=str(folder / "songs"), **settings)


def _differences(first: str, second: str) -> list[Any]:
    return [
        (table.table, table.differing, table.rows) for table in sparkify.compare(first, second) if not table.is_same
    ]


@pytest.fixture
def both(warehouse: str, tmp_path: Path) -> tuple[str, str]:
    return warehouse, f"duckdb:///{tmp_path}/w.duckdb"


def _write_plays(folder: Path) -> None:
    """The longest texts alone, in pairs, and in duplicates that only their last byte tells apart."""
    write_lines(
        folder / "logs/a.json",
        [
            event(userAgent=LONGEST),
            event(userAgent=LONGEST[:-1] + "t"),
            event(itemInSession=2, artist=ARTIST, song=SONG),
            event(itemInSession=3, artist=ARTIST, song=SONG, length=1.5),
            event(itemInSession=4, artist=LONGEST, song=LONGEST, location=LONGEST, firstName=LONGEST, lastName=LONGEST),
            event(itemInSession=5, artist="a" * 65_533, song="b"),
            event(itemInSession=6, artist="a" * 65_534, song="b"),
        ],
    )
    write_lines(folder / "songs/a.json", [song()])


def test_the_longest_texts_are_loaded_and_are_as_on_duckdb(both: tuple[str, str], tmp_path: Path, run: Run) -> None:
    _write_plays(tmp_path)
    _load(both, tmp_path)
    assert _differences(*both) == []
    digest = hashlib.md5(f"{ARTIST}\x1f{SONG}".encode(), usedforsecurity=False).hexdigest()[:15].upper()
    assert run("SELECT DISTINCT song_id FROM songplays WHERE song_id = %s", (f"SOX{digest}",)) == [(f"SOX{digest}",)]
    assert run("SELECT user_agent FROM songplays WHERE songplay_id LIKE '%-1-1-0'") == [(LONGEST[:-1] + "t",)]
    assert run("SELECT COUNT(*) FROM songplays WHERE song_id IS NULL") == [(0,)]


def test_they_come_and_go_in_later_chunks(both: tuple[str, str], tmp_path: Path) -> None:
    """A second file, records of the catalogue for long names, a changed file, a repaired name."""
    _write_plays(tmp_path)
    _load(both, tmp_path)
    miscoded = ("ö" * 20_000).encode().decode("latin-1")
    write_lines(
        tmp_path / "logs/b.json",
        [event(sessionId=2, artist=ARTIST, song=SONG), event(sessionId=3, artist=miscoded[:60_000], song=SONG)],
    )
    _load(both, tmp_path)
    assert _differences(*both) == []
    write_lines(
        tmp_path / "songs/b.json",
        [song(song_id="SO2", artist_id="AR2", artist_name=ARTIST, title=SONG, artist_location=LONGEST),
         song(song_id="SO3", artist_id="AR2", artist_name=ARTIST + "x", title=LONGEST)],
    )  # fmt: skip
    _load(both, tmp_path)
    assert _differences(*both) == []
    write_lines(tmp_path / "logs/a.json", [event(itemInSession=3, artist=ARTIST, song=SONG[:-1], length=1.5)])
    _load(both, tmp_path)
    assert _differences(*both) == []


@pytest.mark.parametrize("unknown_songs", ["null", "drop"])
def test_under_other_settings_no_id_is_made(both: tuple[str, str], tmp_path: Path, unknown_songs: str) -> None:
    _write_plays(tmp_path)
    _load(both, tmp_path, unknown_songs=unknown_songs)
    assert _differences(*both) == []


def test_texts_are_ordered_by_their_bytes(both: tuple[str, str], tmp_path: Path, run: Run) -> None:
    """A space at the end comes after a control character, and both after nothing; Redshift's texts would not say so."""
    agents = ["a ", "a\x01", "a", "a\x1f", "a  ", "B", None]
    write_lines(tmp_path / "logs/a.json", [event(userAgent=agent, userId="1") for agent in agents])
    write_lines(tmp_path / "logs/b.json", [event(userAgent=agent, sessionId=2) for agent in ("a ", "a\x01", "a")])
    names = ["x ", "x\x01", "x"]
    write_lines(tmp_path / "songs/a.json", [song(title=name, artist_name=name) for name in names])
    _load(both, tmp_path)
    assert _differences(*both) == []
    assert run("SELECT user_agent FROM songplays WHERE session_id = 1") == [("B",)]
    assert run("SELECT user_agent FROM songplays WHERE session_id = 2") == [("a",)]
