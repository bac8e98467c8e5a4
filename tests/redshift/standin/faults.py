"""How the stand-in is told to fail."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Literal

from tests.redshift.standin.wire import ServerError

When = Literal["before", "after"]


def serializable_violation(table: str = "100167") -> ServerError:
    """Error 1023: concurrent transactions that no order explains."""
    return ServerError(
        "XX000",
        "1023",
        f"Serializable isolation violation on table - {table}, transactions forming the cycle are: 1, 2 (pid:1)",
    )


def write_conflict() -> ServerError:
    """What snapshot isolation says where serializable isolation says 1023."""
    return ServerError("XX000", "Transaction could not complete because of conflict with concurrent transaction")


def no_relation(table: str = "100167") -> ServerError:
    """Error 1018: a table that was made or dropped after the transaction's snapshot."""
    return ServerError("XX000", "1018", f"Relation does not exist: {table}")


def too_long() -> ServerError:
    """A text that has more bytes than its column takes."""
    return ServerError("22001", "value too long for type character varying")


@dataclass
class _Fault:
    pattern: re.Pattern[str]
    times: int
    error: ServerError | None
    when: When


class Faults:
    """What is to go wrong, and how often. Statements are matched by a regular expression, in any case."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self._denied: list[str] = []

    def fail(self, statement: str, error: ServerError, times: int = 1) -> None:
        """Let the next statements that match fail with an error, before they do anything."""
        self._add(statement, times, error, "before")

    def cut(self, statement: str, *, when: When = "before", times: int = 1) -> None:
        """Cut the connection at the next statements that match: before they run, or after it and before the answer."""
        self._add(statement, times, None, when)

    def deny(self, prefix: str) -> None:
        """Let S3 answer COPY with 403 below a prefix (`s3://bucket/key`)."""
        with self._lock:
            self._denied.append(prefix)

    def clear(self) -> None:
        """Let nothing fail any more."""
        with self._lock:
            self._faults.clear()
            self._denied.clear()

    def _add(self, statement: str, times: int, error: ServerError | None, when: When) -> None:
        with self._lock:
            self._faults.append(_Fault(re.compile(statement, re.IGNORECASE), times, error, when))

    def denies(self, uri: str) -> bool:
        """Whether S3 refuses an object."""
        with self._lock:
            return any(uri.startswith(prefix) for prefix in self._denied)

    def take_error(self, statement: str) -> ServerError | None:
        """The error that a statement is to fail with."""
        fault = self._take(statement, "before", is_error=True)
        return fault.error if fault else None

    def take_cut(self, statement: str, when: When) -> bool:
        """Whether the connection is to be cut at a statement."""
        return self._take(statement, when, is_error=False) is not None

    def _take(self, statement: str, when: When, *, is_error: bool) -> _Fault | None:
        with self._lock:
            for fault in self._faults:
                fits = fault.when == when and (fault.error is not None) == is_error and fault.times > 0
                if fits and fault.pattern.search(statement):
                    fault.times -= 1
                    return fault
        return None
