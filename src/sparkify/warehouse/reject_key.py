"""How a reject is named: by the number of its file and its own within the file, such as `12-3`."""

from __future__ import annotations

import re
from typing import NamedTuple

from sparkify.errors import UsageError

_NAME = re.compile(r"(\d{1,18})-(\d{1,18})")


class RejectKey(NamedTuple):
    """The key of a reject."""

    file_id: int
    reject_no: int

    def __str__(self) -> str:
        return f"{self.file_id}-{self.reject_no}"


def reject_key(name: str) -> RejectKey:
    """The key of the reject that a user names.

    Raises:
        UsageError: it is no such name.
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise UsageError(
            f"{name} is not the name of a reject", hint="It looks like 12-3: see them with sparkify rejects list"
        )
    return RejectKey(int(found[1]), int(found[2]))
