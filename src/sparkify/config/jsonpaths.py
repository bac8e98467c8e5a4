"""The JSONPaths file of the classic warehouse: `log_jsonpath`, which told COPY where each column is in a record.

Sparkify matches fields by their names, so there is nothing to be told; but a file that names others belongs to other
data, and COPY would have loaded NULL for what it leaves out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from sparkify.contract import EVENTS
from sparkify.errors import SourceError, UsageError

_MOST_BYTES = 1024 * 1024
_PATH = re.compile(r"\$(?:\[\s*'([^'\]]+)'\s*\]|\[\s*\"([^\"\]]+)\"\s*\]|\.(\w+))")

_S3 = re.compile("s3[an]?://", re.IGNORECASE)


def check_jsonpaths(location: str) -> list[str]:
    """Read a JSONPaths file, a path or `s3://bucket/key`, and compare it with the contract; its fields come back.

    Raises:
        SourceError: it cannot be read.
        UsageError: it is malformed, or names other fields than the contract.
    """
    fields = _fields(location, _read(location))
    known = [field.name for field in EVENTS.fields]
    for name in fields:
        if name not in known:
            raise UsageError(
                f"log_jsonpath names a field that events do not have: {name}, in {location}",
                hint=_right_name(name, known) or f"Fields match by name: {', '.join(known)}.",
            )
    if missing := [name for name in known if name not in fields]:
        raise UsageError(
            f"log_jsonpath leaves out {', '.join(missing)}, in {location}",
            hint="Name every field of an event there, or remove log_jsonpath: Sparkify does not need it.",
        )
    return fields


def _right_name(name: str, known: list[str]) -> str:
    """What to do about a name that differs from a field's in letter case or `_` alone, as names made for SQL do."""
    bare = name.replace("_", "").lower()
    return next((f"Name it {field}." for field in known if field.lower() == bare), "")


def _read(location: str) -> bytes:
    if match := _S3.match(location):
        from sparkify.cluster.objects import read_object

        return read_object("s3://" + location[match.end() :], _MOST_BYTES)
    try:
        with Path(location.removeprefix("file://")).open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"cannot read log_jsonpath {location}: {reason}", hint="Check the path.") from error


def _fields(location: str, content: bytes) -> list[str]:
    try:
        paths = json.loads(content.decode("utf-8-sig"))["jsonpaths"]
        found = [_PATH.fullmatch(path) for path in paths]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _malformed(location) from error
    names = [match[1] or match[2] or match[3] for match in found if match]
    if len(names) < len(found) or len(set(names)) < len(names) or not isinstance(paths, list):
        raise _malformed(location)
    return names


def _malformed(location: str) -> UsageError:
    return UsageError(
        f"log_jsonpath is malformed: {location}",
        hint="""It must be {"jsonpaths": ["$['artist']", …]}, with each field once.""",
    )
