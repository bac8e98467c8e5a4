"""The warehouse is a function of its input: any order, any split into runs, any history of files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import DUCKDB, LONG, EngineUnderTest, event, load, picture, song, write_lines

MISENCODED, TWICE = "Bj\u00c3\u00b6rk", "Bj\u00c3\u0083\u00c2\u00b6rk"
# By bytes, capitals come first; by a language's order they do not.
ARTISTS = ("elena", "Muse", "Muse ", "Björk", MISENCODED, TWICE)
TITLES = ("One", "Two", MISENCODED)
LENGTHS = (None, 10.0, 20.0)

plays = st.builds(
    event,
    ts=st.sampled_from([1000, 2000, 3000]),
    sessionId=st.integers(1, 2),
    itemInSession=st.integers(0, 1),
    userId=st.sampled_from(["1", "2"]),
    artist=st.sampled_from(ARTISTS),
    song=st.sampled_from(TITLES),
    length=st.sampled_from(LENGTHS),
    level=st.sampled_from(["free", "paid"]),
    firstName=st.sampled_from(["ada", "Bo", TWICE, None]),
    page=st.sampled_from(["NextSong", "NextSong", "NextSong", "Home"]),
    location=st.sampled_from(["", "London"]),
)
broken = st.sampled_from(['{"ts": 5.7}', "{", '{"ts": 1, "ts": 2}'])
records = st.builds(
    song,
    artist_id=st.sampled_from(["AR1", "ar0"]),
    artist_name=st.sampled_from(ARTISTS),
    song_id=st.sampled_from(["SO1", "so0", "SO3"]),
    title=st.sampled_from(TITLES),
    duration=st.sampled_from(LENGTHS),
    artist_location=st.sampled_from(["", "Berlin", TWICE]),
    artist_latitude=st.sampled_from([None, 52.5]),
    artist_longitude=st.sampled_from([None, 13.4]),
    year=st.sampled_from([0, 1999]),
)
log_files = st.lists(st.one_of(plays, plays, plays, broken), max_size=4)
song_files = st.lists(records, max_size=2)
states = st.fixed_dictionaries(
    {
        "logs": st.dictionaries(st.sampled_from("abc"), log_files, min_size=1),
        "songs": st.dictionaries(st.sampled_from("xyz"), song_files, min_size=1),
    }
)


def _write(folder: Path, state: dict[str, dict[str, list[Any]]]) -> None:
    for kind, files in state.items():
        shutil.rmtree(folder / kind, ignore_errors=True)
        for name, content in files.items():
            write_lines(folder / kind / f"{name}.json", content)


def _examples(engine: EngineUnderTest) -> int:
    """How many histories to try with each setting; a server takes ten times as long as a file."""
    few = 35 if engine is DUCKDB else 7
    return few * 30 if LONG else few


@pytest.mark.parametrize("unknown_songs", ["infer", "null", "drop"])
def test_any_history_of_files_gives_the_tables_of_one_full_load(engine: EngineUnderTest, unknown_songs: str) -> None:
    @settings(
        max_examples=_examples(engine),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        history=st.lists(states, min_size=2, max_size=3),
        chunk_files=st.sampled_from([2, 100]),
        repair_text=st.sampled_from([True, True, False]),
    )
    def try_history(history: list[dict[str, dict[str, list[Any]]]], chunk_files: int, repair_text: bool) -> None:
        chosen = {"unknown_songs": unknown_songs, "max_rejects": "100%", "prune": True, "repair_text": repair_text}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for state in history:
                _write(folder, state)
                grown = load(folder, "grown", chunk_files=chunk_files, **chosen)
            once = load(folder, "once", **chosen)
            assert picture(grown) == picture(once)

    try_history()
