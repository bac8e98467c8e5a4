"""How results, errors and tables are printed. Whatever comes from data is printed as text, and does nothing."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sparkify.text import printable


class Format(StrEnum):
    """What `--output` takes."""

    TEXT = "text"
    JSON = "json"


def plain_text(value: object) -> str:
    """A value as text in which control characters are escapes, so that a terminal does not act on them."""
    return printable("" if value is None else value if isinstance(value, str) else _number_or_text(value))


def _number_or_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime) and value.microsecond:
        return value.isoformat(sep=" ", timespec="milliseconds")
    return str(value)


def count_of(number: int, noun: str) -> str:
    """A number and its noun, such as `1 file` or `2,000 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def say(text: str) -> None:
    """Print a line for people, to stderr."""
    print(text.encode("utf-8", "backslashreplace").decode(), file=sys.stderr)


def explain(text: str, error: BaseException | None) -> None:
    """Print what went wrong: what happened, where, what to do; after the traceback of an error, if one is given."""
    if error:
        traceback.print_exception(error, file=sys.stderr)
    for line in text.splitlines():
        say(plain_text(line))


def print_json(document: object) -> None:
    """Print one JSON document to stdout."""
    text = json.dumps(_finite(document), default=_jsonable, ensure_ascii=not _is_unicode(), indent=2, allow_nan=False)
    print(_UNPRINTABLE.sub(_json_escape, text))


def _is_unicode() -> bool:
    """Whether standard output takes every character; where it does not, JSON has escapes of its own."""
    return (sys.stdout.encoding or "utf-8").lower().replace("-", "").replace("_", "").startswith("utf")


_UNPRINTABLE = re.compile(r"[^\n -~\w]")
"""Holds all that is unprintable: json.dumps has escaped U+0000 to U+001F, but not U+0080 to U+009F and the like."""


def _json_escape(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def _finite(value: object) -> object:
    """A document in which null stands for what JSON has no number for."""
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


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], output: Format, right: Sequence[str] = ()
) -> None:
    """Print rows: as a table, or as a JSON array of objects. Numbers, and the columns named in `right`, stand right."""
    if output is Format.JSON:
        names = [name if name not in columns[:place] else f"{name}_{place + 1}" for place, name in enumerate(columns)]
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, column in enumerate(columns):
        numeric = column in right or (bool(rows) and all(_is_number(row[place]) for row in rows))
        table.add_column(Text(plain_text(column)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain_text(value)) for value in row))
    # Off a terminal a table is as wide as it needs, so that what follows in a pipe sees whole lines.
    console = Console() if sys.stdout.isatty() else Console(width=10_000, no_color=True)
    console.print(table, soft_wrap=not sys.stdout.isatty())


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool))


def print_values(values: Mapping[str, object], output: Format) -> None:
    """Print named values: a line each, or as one JSON object."""
    if output is Format.JSON:
        print_json(values)
        return
    width = max(map(len, values), default=0)
    for name, value in values.items():
        print(f"{name:<{width}}  {plain_text(value)}")
