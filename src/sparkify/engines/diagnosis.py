"""What `sparkify doctor` finds: one diagnosis for each thing that it looks at."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from sparkify.errors import SparkifyError


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Diagnosis(NamedTuple):
    """What one check found; `fix` says what to do if it failed."""

    check: str
    state: State
    found: str
    fix: str = ""


def failed(check: str, error: SparkifyError) -> Diagnosis:
    """The diagnosis of an error."""
    return Diagnosis(check, State.FAILED, error.what, error.hint)


def checked(check: str, ask: Callable[[], str]) -> Diagnosis:
    """The diagnosis of a question that answers what was found, or raises what is wrong."""
    try:
        return Diagnosis(check, State.OK, ask())
    except SparkifyError as error:
        return failed(check, error)


def signed_in(region: str | None = None) -> str:
    """Who is signed in to AWS, and where.

    Raises:
        CloudError: nobody.
    """
    from sparkify.cluster.aws import connect

    cloud = connect(region)
    return f"{cloud.caller()} in {cloud.region}"
