"""Mutated lines in every form: what is loaded and rejected is what a second reader finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reliability.mutations import FORMS, LINES_IN_FILE, compare, compare_many
from tests.reliability.second_reader import Rejected, second_reading

LONG_LINES = 1_000_000


@pytest.mark.parametrize("seed", range(4))
def test_two_readers_find_the_same_in_mutated_lines(tmp_path: Path, seed: int) -> None:
    found = compare(tmp_path, seed)
    assert found.lines == 5_000
    assert min(found.loaded, found.rejected, found.canonical) > 500


@pytest.mark.long
def test_two_readers_find_the_same_in_a_million_mutated_lines() -> None:
    assert compare_many(range(1_000, 1_000 + LONG_LINES // (LINES_IN_FILE * len(FORMS)))).lines == LONG_LINES


def test_the_second_reader_reads_by_the_contract() -> None:
    song = '{"song_id": "S", "title": "", "artist_id": "A", "artist_name": "Muse"}'
    found = second_reading(f'data = [\n{song}, {{"x": NaN}} {{"y": 1}} {song} xyz\n'.encode(), "songs")
    assert len(found.rows) == 2
    assert found.rejects == [
        Rejected(0, b"data =", 1),
        Rejected(9 + len(song) + 2, b'{"x": NaN} {"y": 1}', 1),
        Rejected(9 + 2 * len(song) + 2 + 19 + 2, b"xyz", 1),
    ]
