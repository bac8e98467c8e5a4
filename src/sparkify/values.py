"""Values as text and as JSON, the same wherever they are printed or written."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections.abc import Mapping

_UNPRINTABLE = re.compile(r"[^\n -~\w]")
"""Holds all that is unprintable: json.dumps has escaped U+0000 to U+001F, but not U+0080 to U+009F and the like."""


def is_number(value: object) -> bool:
    """Whether a value is a number."""
    return isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)


def as_text(value: object) -> str:
    """A value as DuckDB and psql write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        text = value.isoformat(sep=" ")
        return text.rstrip("0") if value.microsecond and value.tzinfo is None else text
    return str(value)


def json_of(value: object, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """A value as JSON in which nothing is unprintable: times are ISO 8601, decimals are numbers.

    Null stands for what JSON has no number for.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        _finite(value), default=_jsonable, ensure_ascii=ascii_only, indent=indent, separators=separators,
        allow_nan=False,
    )  # fmt: skip
    return without_unprintable(text)


def without_unprintable(text: str) -> str:
    """JSON in which unprintable characters are escapes of JSON's."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNPRINTABLE.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value


def _jsonable(value: object) -> object:
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
