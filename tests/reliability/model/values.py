"""One record, as the contract reads it: from names and raw JSON to a row of staging, or to the fields at fault."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

Value = str | int | float | None
Row = dict[str, Value]
Pairs = Sequence[tuple[str, str]]
"""The fields of a record in their order: a name, and its value as raw JSON."""

MOST_BYTES = {
    **dict.fromkeys(("level", "gender", "method", "auth"), 64),
    **dict.fromkeys(("page", "song_id", "artist_id"), 256),
}
MOST_TEXT_BYTES = 65_535
MOST_BIGINT, MOST_INTEGER = 2**53 - 1, 2**31 - 1
LAST_TS = 253_402_300_799_999

EVENT_FIELDS = {
    "ts": "bigint", "sessionId": "bigint", "itemInSession": "integer", "userId": "bigint", "page": "text",
    "level": "text", "auth": "text", "method": "text", "status": "integer", "firstName": "text", "lastName": "text",
    "gender": "text", "location": "text", "userAgent": "text", "registration": "bigint", "artist": "text",
    "song": "text", "length": "double",
}  # fmt: skip
SONG_FIELDS = {
    "num_songs": "integer", "artist_id": "text", "artist_latitude": "double", "artist_longitude": "double",
    "artist_location": "text", "artist_name": "text", "song_id": "text", "title": "text", "duration": "double",
    "year": "integer",
}  # fmt: skip
FIELDS = {"events": EVENT_FIELDS, "songs": SONG_FIELDS}
REQUIRED = {
    "events": ("ts", "sessionId", "itemInSession", "page", "level"),
    "songs": ("song_id", "title", "artist_id", "artist_name"),
}
REQUIRED_OF_A_PLAY = ("userId", "artist", "song")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")


class Read(NamedTuple):
    """What became of a record: its row, or else the names of all fields at fault (`""` for the record as a whole)."""

    row: Row | None
    faults: frozenset[str] = frozenset()


class _Bad(Exception):
    pass


class _Number(str):
    __slots__ = ()


def read(kind: str, pairs: Pairs) -> Read:
    """Read a record of a kind, `events` or `songs`."""
    names = [name for name, _ in pairs]
    if twice := {name for name in names if names.count(name) > 1}:
        return Read(None, frozenset(twice))
    given = {name: _parsed(raw) for name, raw in pairs}
    if kind == "events":
        given = _of_topic(given)
    row: Row = {}
    faults = set()
    for name, type_ in FIELDS[kind].items():
        try:
            row[name] = _convert(name, type_, given.get(name))
        except _Bad:
            faults.add(name)
            row[name] = None
    required = REQUIRED[kind]
    if kind == "events" and is_play(row):
        required += REQUIRED_OF_A_PLAY
    faults |= {name for name in required if _absent(name, row[name])}
    return Read(None, frozenset(faults)) if faults else Read(row)


def has_required_names(kind: str, pairs: Pairs) -> bool:
    """Whether every required name of the kind is there, whatever its value."""
    return set(REQUIRED[kind]) <= {name for name, _ in pairs}


def is_play(row: Row) -> bool:
    """Whether an event is a play."""
    return isinstance(row["page"], str) and row["page"].rstrip(" ") == "NextSong"


def _parsed(raw: str) -> Any:
    return json.loads(raw, parse_int=_Number, parse_float=_Number)


def _of_topic(given: dict[str, Any]) -> dict[str, Any]:
    """A record of the topic form in the names of the other form."""
    there = {name for name, value in given.items() if value is not None}
    if not there & {"duration", "city"} or there & {"length", "location"}:
        return given
    read_as = dict(given)
    read_as["length"] = given.get("duration")
    if "page" not in there and {"artist", "song", "duration"} <= there:
        read_as["page"] = "NextSong"
    city, state = given.get("city"), given.get("state")
    read_as["location"] = None if city is None else city if state is None else f"{city}, {state}"
    return read_as


def _convert(name: str, type_: str, value: Any) -> Value:
    if value is None:
        return None
    if type_ == "text":
        return _text(name, value)
    if value == "" and not isinstance(value, _Number):
        return None
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise _Bad
    return _double(value) if type_ == "double" else _whole(name, type_, value)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise _Bad
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise _Bad
    if len(value.encode()) > MOST_BYTES.get(name, MOST_TEXT_BYTES):
        raise _Bad
    return str(value)


def _whole(name: str, type_: str, written: str) -> int:
    number = Decimal(written)
    most = LAST_TS if name == "ts" else MOST_BIGINT if type_ == "bigint" else MOST_INTEGER
    least = 0 if name == "ts" else -most
    if number != number.to_integral_value() or not least <= number <= most:
        raise _Bad
    return int(number)


def _double(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise _Bad
    return number


def _absent(name: str, value: Value) -> bool:
    if value is None:
        return True
    return name != "title" and isinstance(value, str) and not value.strip(" ")
