"""Values at the edge of the contract: the record reader and the canonical expression agree about each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support import event, song

from sparkify.contract import EVENTS, SONGS, RecordType
from sparkify.reader.canonical import canonical_lines
from sparkify.reader.framing import Piece
from sparkify.reader.validation import CarefulReader, Reject


def _line(record_type: RecordType, **values: Any) -> str:
    return json.dumps((event if record_type is EVENTS else song)(**values), ensure_ascii=False)


def _read(record_type: RecordType, line: str) -> dict[str, Any] | Reject:
    (found,) = CarefulReader(record_type).read([Piece(1, 0, line.encode())])
    return found


def _is_canonical(record_type: RecordType, line: str) -> bool:
    return canonical_lines(record_type).fullmatch(line.encode() + b"\n") is not None


@pytest.mark.parametrize("name", ["userId", "status", "registration", "length"])
def test_an_empty_text_is_no_number(name: str) -> None:
    found = _read(EVENTS, _line(EVENTS, page="Home", **{name: ""}))
    assert isinstance(found, dict)
    assert found[name] is None


@pytest.mark.parametrize("name", ["ts", "sessionId", "itemInSession"])
def test_an_empty_text_is_missing_where_a_number_is_required(name: str) -> None:
    found = _read(EVENTS, _line(EVENTS, **{name: ""}))
    assert isinstance(found, Reject)
    assert (found.field, found.reason) == (name, "is required, and is absent or empty")


@pytest.mark.parametrize("title", ["", "   "])
def test_a_song_may_have_no_title(title: str) -> None:
    line = _line(SONGS, title=title)
    found = _read(SONGS, line)
    assert isinstance(found, dict)
    assert found["title"] == title
    assert _is_canonical(SONGS, line)


def test_a_title_that_is_null_or_absent_is_a_reject() -> None:
    without = song()
    del without["title"]
    for line in (_line(SONGS, title=None), json.dumps(without)):
        found = _read(SONGS, line)
        assert isinstance(found, Reject)
        assert found.field == "title"
        assert not (_is_canonical(SONGS, line) and '"title"' in line)


LIMITS = [
    *((EVENTS, name, 64) for name in ("level", "gender", "method", "auth")),
    (EVENTS, "page", 256),
    *((SONGS, name, 256) for name in ("song_id", "artist_id")),
    *((EVENTS, name, 65_535) for name in ("location", "userAgent", "firstName")),
]


@pytest.mark.parametrize(("record_type", "name", "limit"), LIMITS)
@pytest.mark.parametrize("letter", ["x", "é"])
def test_texts_have_limits_in_bytes(record_type: RecordType, name: str, limit: int, letter: str) -> None:
    size = len(letter.encode())
    longest = _line(record_type, **{name: letter * (limit // size)})
    too_long = _line(record_type, **{name: letter * (limit // size + 1)})
    assert isinstance(_read(record_type, longest), dict)
    found = _read(record_type, too_long)
    assert isinstance(found, Reject)
    assert (found.field, found.reason.split(";")[1]) == (name, f" it may have {limit:,}")
    if limit < 65_535:
        assert not _is_canonical(record_type, too_long)
