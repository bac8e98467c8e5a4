"""What Redshift and its driver say of an error, as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from redshift_connector.error import Error, InterfaceError

from sparkify.engines.base import Conflict
from sparkify.errors import WarehouseError

MOST_TEXT = 600

_CONFLICT_STATES = ("40001", "40P01")
"""SQLSTATE: serialization failure, deadlock."""
_CANCELED_STATE = "57014"
_GENERAL_STATES = ("", "XX000", "25P02", "40000")
"""Errors of Redshift's own come with a state that says nothing, and their number in the text."""
_CONFLICT_CODES = re.compile(r"(ERROR:\s*)?(1018|1023)\b")
_CONFLICT_TEXTS = re.compile(
    r"could not complete because of conflict with concurrent transaction|deadlock detected"
    r"|^(ERROR:\s*)?Serializable isolation violation",
    re.IGNORECASE,
)


class Canceled(WarehouseError):
    """The server ended a statement that took longer than it may."""


@contextmanager
def translated() -> Iterator[None]:
    """Make Conflict of what concurrent transactions cause, and WarehouseError of all else that goes wrong."""
    try:
        yield
    except (Error, OSError) as error:
        text = text_of(error)
        if is_conflict(error):
            raise Conflict(f"Redshift: {text}", hint="Another process wrote to the tables; run again.") from error
        if _fields(error).get("C") == _CANCELED_STATE:
            raise Canceled(f"Redshift: {text}") from error
        lost = isinstance(error, OSError | InterfaceError)
        hint = "What was committed is there; run again, and the rest is loaded." if lost else ""
        raise WarehouseError(f"Redshift: {text}", hint=hint, passes=lost) from error


def is_conflict(error: Exception) -> bool:
    """Whether the transaction met another one: by SQLSTATE first, then by Redshift's number, then by its words.

    The number stands at the beginning of the message: elsewhere it may be a piece of data.
    """
    fields = _fields(error)
    state, message = fields.get("C", ""), fields.get("M", "").strip()
    if state in _CONFLICT_STATES:
        return True
    if not fields or state not in _GENERAL_STATES:
        return False
    return bool(_CONFLICT_CODES.match(message) or _CONFLICT_TEXTS.search(message))


def _fields(error: Exception) -> dict[str, str]:
    """The fields of a server's error by their letters; empty if the driver itself raised it."""
    found = error.args[0] if error.args else None
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def text_of(error: Exception) -> str:
    """What the server or the driver says, in one line; what COPY finds wrong with a file is in the detail."""
    fields = _fields(error)
    if not fields:
        return " ".join(str(error).split())
    said = f"{fields.get('M', fields)} {fields.get('D', '')}"
    return " ".join(said.split())[:MOST_TEXT]
