"""What is said of text that is no record, and the way out."""

from __future__ import annotations

import io

import pytest

from sparkify.contract import EVENTS
from sparkify.reader.framing import split, whole
from sparkify.reader.validation import CarefulReader, Reject

WHY = {
    '{"ts": NaN}': ("NaN is no JSON value", "write null"),
    '{"ts": -Infinity, "page": "x"}': ("-Infinity is no JSON value", "write null"),
    '{"ts": None}': ("None is no JSON value", "write null"),
    '{"ts": 1,}': ("is not JSON", "remove the comma"),
    '{"ts": [1, ]}': ("is not JSON", "remove the comma"),
    "{'ts': 1}": ("is not JSON", "write \" for '"),
    '{"ts": 1, "page": "Next': ("is cut off", ""),
    '{"ts": 1, "page"': ("is cut off", ""),
    '{"ts": 1, "page": "Next\n': ("is cut off", ""),
    "// a comment": ("looks like a comment", "remove it"),
    'page": "NextSong"}': ("is the end of a record whose beginning is missing", ""),
    "\0\0\0": ("NUL", "remove the NUL bytes"),
    "12": ("is a number, not an object", ""),
    "null": ("is null, not an object", ""),
    '"text"': ("is a text, not an object", ""),
    "<br>": ("is text between records", "remove the text"),
    '{"a": ' + "[" * 101 + "]" * 101 + "}": ("is nested more than 100 levels deep", ""),
}


@pytest.mark.parametrize("text", WHY)
def test_why_text_is_no_record_and_what_to_do(text: str) -> None:
    (found,) = CarefulReader(EVENTS).read(split(io.BytesIO(text.encode()), "test", EVENTS))
    assert isinstance(found, Reject)
    reason, suggestion = WHY[text]
    assert reason in found.reason
    assert found.suggestion == suggestion
    assert not found.reason.endswith("at character 0")


OBJECTS = {b'{"a": 1}': True, b' {"a": {"b": [1]}}\n': True, b"{}": True, b'[{"a": 1}]': False, b'{"a": 1},': False}


@pytest.mark.parametrize("value", [*OBJECTS, b'{"a": 1} {"a": 1}', b"", b"{", b'{"a": {"b": 1}} x'])
def test_a_message_holds_one_object_and_nothing_else(value: bytes) -> None:
    piece = whole(value, 7, EVENTS)
    assert (piece.offset, piece.raw) == (7, value)
    assert (piece.span is None) == OBJECTS.get(value, False)
