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
    '<br> {"ts": 1}': ("is text between records", "remove the text"),
    "<br>": ("the file holds nothing else", ""),
    '{"a": ' + "[" * 101 + "]" * 101 + "}": ("is nested more than 100 levels deep", ""),
}


@pytest.mark.parametrize("text", WHY)
def test_why_text_is_no_record_and_what_to_do(text: str) -> None:
    found, *_ = CarefulReader(EVENTS).read(split(io.BytesIO(text.encode()), "test", EVENTS))
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


@pytest.mark.parametrize(
    ("value", "reason", "suggestion"),
    [
        (b'{"a": 1} {"a": 1}', "holds more than one object", "send a message for each"),
        (b'{"a": 1},\n{"a": 1}', "holds more than one object", "send a message for each"),
        (b'{"a": {"b": 1}} x', "holds text behind its object", "remove the text"),
        (b"<br>", "is not JSON: a message holds one object", ""),
        (b'{"a": ' + b"[" * 101 + b"]" * 101 + b"}", "is nested more than 100 levels deep", ""),
    ],
)
def test_what_is_said_of_a_message_that_is_no_object(value: bytes, reason: str, suggestion: str) -> None:
    (found,) = CarefulReader(EVENTS).read([whole(value, 0, EVENTS)])
    assert isinstance(found, Reject)
    assert (found.reason, found.suggestion) == (reason, suggestion)
