"""What Redshift and its driver say of an error, as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from redshift_connector.error import Error, InterfaceError

from sparkify.engines.base import Conflict
from sparkify.errors import WarehouseError

MOST_TEXT = 600

_CONFLICTS = re.compile(r"\b(1018|1023)\b")


@contextmanager
def translated() -> Iterator[None]:
    """Make Conflict of errors 1018 and 1023, and WarehouseError of all else that goes wrong."""
    try:
        yield
    except (Error, OSError) as error:
        text = text_of(error)
        if _CONFLICTS.search(text):
            raise Conflict(f"Redshift: {text}", hint="Another process wrote to the tables; run again.") from error
        lost = isinstance(error, OSError | InterfaceError)
        hint = "What was committed is there; run again, and the rest is loaded." if lost else ""
        raise WarehouseError(f"Redshift: {text}", hint=hint) from error


def text_of(error: Exception) -> str:
    """What the server or the driver says, in one line; what COPY finds wrong with a file is in the detail."""
    found = error.args[0] if error.args else ""
    if not isinstance(found, dict):
        return " ".join(str(error).split())
    said = f"{found.get('M', found)} {found.get('D', '')}"
    return " ".join(said.split())[:MOST_TEXT]
