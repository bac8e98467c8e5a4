"""The topic form: the records that the maintained fork of eventsim writes to its four topics.

DESIGN section 3 says how they differ from the file form: `duration` for `length`, `city` and `state` for `location`, a
`userId` that is a number, no field of the user while logged out, and a line end at the end of the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sparkify.contract import AUTHS, LISTENS, PAGE_VIEWS, STATUS_CHANGES

_PLAY = "NextSong"
_AUTH_PAGES = frozenset({"Login", "Register", "Submit Registration"})
_STATUS_PAGES = frozenset({"Submit Upgrade", "Submit Downgrade", "Cancellation Confirmation"})
_USER_FIELDS = ("userId", "lastName", "firstName", "gender", "registration")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def messages(line: bytes) -> Iterator[tuple[str, bytes]]:
    """The messages of an event that is given in the file form: the topic's name after its prefix, and the value."""
    event = _decode(line)
    view = _common(event) | {"page": event["page"], "auth": event["auth"], "method": event["method"]}
    view["status"] = event["status"]
    if event["page"] == _PLAY:
        view |= _song(event)
        yield LISTENS, _value(_common(event) | _song(event) | {"auth": event["auth"]})
    yield PAGE_VIEWS, _value(view)
    if event["page"] in _AUTH_PAGES:
        yield AUTHS, _value(_common(event) | {"success": event["status"] < 400})
    if event["page"] in _STATUS_PAGES:
        yield STATUS_CHANGES, _value(_common(event) | {"auth": event["auth"]})


def _common(event: dict[str, Any]) -> dict[str, Any]:
    record = {name: event[name] for name in ("ts", "sessionId", "itemInSession", "level")}
    if event["userId"]:
        city, _, state = event["location"].rpartition(", ")
        record |= {name: event[name] for name in _USER_FIELDS} | {"userId": int(event["userId"])}
        record |= {"registration": int(event["registration"]), "userAgent": event["userAgent"]}
        record |= {"city": city, "state": state}
    return record


def _song(event: dict[str, Any]) -> dict[str, Any]:
    return {"artist": event["artist"], "song": event["song"], "duration": event["length"]}


def _value(record: dict[str, Any]) -> bytes:
    value: bytes = _encode(record)
    return value + b"\n"
