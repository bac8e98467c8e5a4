"""Chunks so large that their days are looked at as a whole: the same tables as from picking out what they affect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support import event, load, picture, song, write_lines

from sparkify.etl import shape

DAY = 86_400_000
ALWAYS, NEVER = 0, 1 << 60


def plays(days: range, **fields: Any) -> list[dict[str, Any]]:
    """Plays and other events of three users; each day ends in the session that goes on in the next."""
    return [
        event(ts=1_541_000_000_000 + day * DAY + moment, sessionId=day // 2, itemInSession=item, userId=user, **fields)
        for day in days
        for item, moment in enumerate((0, 1000, DAY - 1))
        for user in ("1", "2", "3")
    ]


def write_next(folder: Path, part: int) -> None:
    """The next files of a history: days that overlap, duplicates, some of which differ, and a late change of level."""
    first = plays(range(5))
    parts = [
        first,
        [*plays(range(4, 9)), *first[:4], first[0], {**first[5], "level": "paid"}, {**first[6], "song": "Other"}],
        [*plays(range(9, 12), song="New", artist="Band"), *plays(range(2), page="Home", level="paid", song=None)],
        [{**first[7], "artist": "Aaa", "userAgent": None}, *plays(range(7, 14), length=None)],
    ]
    write_lines(folder / "logs" / f"{part}.json", parts[part])


@pytest.mark.parametrize("unknown_songs", ["infer", "null"])
def test_whole_days_are_a_matter_of_cost_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unknown_songs: str
) -> None:
    write_lines(tmp_path / "songs" / "s.json", [song()])
    for part in range(4):
        write_next(tmp_path, part)
        pictures = []
        for name, least in (("whole", ALWAYS), ("picked", NEVER)):
            monkeypatch.setattr(shape, "WHOLE_DAYS_BYTES", least)
            pictures.append(picture(load(tmp_path, name, unknown_songs=unknown_songs)))
        assert pictures[0] == pictures[1]
    monkeypatch.setattr(shape, "WHOLE_DAYS_BYTES", NEVER)
    assert pictures[0] == picture(load(tmp_path, "at once", unknown_songs=unknown_songs))
