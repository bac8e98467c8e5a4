"""Which lines are canonical: all readers of JSON understand them alike, and the contract takes them as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support import event, song

from sparkify.contract import EVENTS, SONGS, RecordType
from sparkify.reader.canonical import canonical_lines, has_only_short_lines
from sparkify.reader.framing import Piece
from sparkify.reader.validation import CarefulReader, Reject

EVENT = json.dumps(event())
SONG = json.dumps(song())


def _changed(line: str, name: str, raw: str) -> str:
    """A line with another value, as it is written."""
    value = json.dumps(json.loads(line)[name])
    assert f'"{name}": {value}' in line
    return line.replace(f'"{name}": {value}', f'"{name}": {raw}')


CANONICAL: dict[str, tuple[RecordType, str]] = {
    "an event": (EVENTS, EVENT),
    "without spaces": (EVENTS, json.dumps(event(), separators=(",", ":"))),
    "a song": (SONGS, SONG),
    "a user as text": (EVENTS, json.dumps(event(userId="39"))),
    "nobody": (EVENTS, json.dumps(event(userId="", page="Home"))),
    "a registration with a point": (EVENTS, json.dumps(event(registration=1540919166796.0))),
    "letters that are not ASCII": (EVENTS, json.dumps(event(song="Björk"), ensure_ascii=False)),
}
OTHERS: dict[str, tuple[RecordType, str]] = {
    "an unknown name": (EVENTS, json.dumps(event(other=1))),
    "an object in it": (EVENTS, _changed(EVENT, "song", '{"a": 1}')),
    "a number for a text": (EVENTS, _changed(EVENT, "song", "311")),
    "true for a number": (EVENTS, _changed(EVENT, "itemInSession", "true")),
    "a fraction": (EVENTS, _changed(EVENT, "ts", "5.7")),
    "an exponent in a whole number": (EVENTS, _changed(EVENT, "ts", "1e12")),
    "beyond what a double holds": (EVENTS, _changed(EVENT, "length", "1e400")),
    "a leading zero": (EVENTS, _changed(EVENT, "ts", "0123")),
    "NaN": (EVENTS, _changed(EVENT, "length", "NaN")),
    "a NUL": (EVENTS, _changed(EVENT, "song", '"a\\u0000"')),
    "a lone surrogate": (EVENTS, _changed(EVENT, "song", '"\\ud800"')),
    "a comma at the end": (EVENTS, EVENT[:-1] + ",}"),
    "text behind it": (EVENTS, EVENT + " x"),
    "two on a line": (EVENTS, EVENT + EVENT),
    "in brackets": (EVENTS, f"[{EVENT}]"),
    "null": (EVENTS, "null"),
    "of the other kind": (EVENTS, SONG),
}


def _is_canonical(record_type: RecordType, line: str) -> bool:
    return bool(canonical_lines(record_type).fullmatch(line.encode() + b"\n"))


@pytest.mark.parametrize("name", CANONICAL)
def test_a_canonical_line_is_taken_and_is_a_record(name: str) -> None:
    record_type, line = CANONICAL[name]
    assert _is_canonical(record_type, line)
    (found,) = CarefulReader(record_type).read([Piece(1, 0, line.encode())])
    assert not isinstance(found, Reject)
    given: dict[str, Any] = json.loads(line)
    assert {known: str(value) for known, value in found.items() if value is not None} == {
        known: str(int(value) if known == "registration" else value)
        for known, value in given.items()
        if value is not None and value != ""
    } | {known: "" for known, value in given.items() if value == "" and found[known] == ""}


@pytest.mark.parametrize("name", OTHERS)
def test_a_line_that_leaves_a_choice_is_left_to_the_record_reader(name: str) -> None:
    record_type, line = OTHERS[name]
    assert not _is_canonical(record_type, line)


def test_one_line_that_is_not_canonical_makes_its_file_one_that_is_not() -> None:
    assert _is_canonical(EVENTS, "\n".join([EVENT] * 3))
    assert not _is_canonical(EVENTS, "\n".join([EVENT, EVENT + " x", EVENT]))


def test_lines_are_short_enough_for_every_field() -> None:
    lines = EVENT.encode() + b"\n"
    assert has_only_short_lines(lines, len(lines))
    long = json.dumps(event(song="x" * 300_000)).encode() + b"\n"
    assert not has_only_short_lines(lines + long, len(lines + long))
