"""How results, errors and tables are printed. Whatever comes from data is printed as text, and does nothing."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any

from sparkify.cli import living
from sparkify.cli.streams import ReaderGone
from sparkify.cli.table import layout_of, text_of
from sparkify.cli.terminal import is_unicode, painted, width_of, wrapped
from sparkify.errors import OutputError
from sparkify.values import json_of


class Format(StrEnum):
    """What `--output` takes."""

    TEXT = "text"
    JSON = "json"


class _Said:
    """Whether this process is to say only what went wrong (`--quiet`), and whether its document has begun."""

    is_quiet = False
    has_document = False


def be_quiet(wanted: bool) -> bool:
    """From here on say nothing but warnings and errors, if that is wanted."""
    _Said.is_quiet = _Said.is_quiet or wanted
    return wanted


def is_quiet() -> bool:
    """Whether `--quiet` was given."""
    return _Said.is_quiet


def plain_text(value: object) -> str:
    """A value as text in which control characters are escapes, so that a terminal does not act on them."""
    return text_of(value)


def count_of(number: int, noun: str) -> str:
    """A number and its noun, such as `1 file` or `2,000 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def say(text: str) -> None:
    """Print for people, to stderr; nothing with `--quiet`."""
    if not _Said.is_quiet:
        _print_prose(text)


def say_commands(text: str) -> None:
    """Print commands that are to be copied, to stderr: their lines are not wrapped."""
    if not _Said.is_quiet:
        with living.aside():
            print(text, file=sys.stderr)


def warn(text: str, style: str = "yellow") -> None:
    """Print what somebody should look at, to stderr, also with `--quiet`; what stands before a colon has a colour."""
    _print_prose(text, style)


def _print_prose(text: str, style: str = "") -> None:
    """Lines of text, which on a terminal are wrapped at words and keep their indent."""
    encoded = text.encode("utf-8", "backslashreplace").decode()
    with living.aside():
        for line in encoded.split("\n"):
            print(_as_prose(line, style), file=sys.stderr)


def _as_prose(line: str, style: str) -> str:
    if sys.stderr.isatty():
        line = wrapped(line, width_of(sys.stderr), len(line) - len(line.lstrip()))
    head, colon, rest = line.partition(":")
    return painted(head + colon, style, sys.stderr) + rest if style and colon else line


def explain(text: str, error: BaseException | None) -> None:
    """Print what went wrong: what happened, where, what to do; after the traceback of an error, if one is given."""
    if error:
        traceback.print_exception(error, file=sys.stderr)
    for line in text.splitlines():
        warn(plain_text(line), "red" if line.startswith("error:") else "")


def begin_document() -> None:
    """A document goes to stdout: there can be no other."""
    _Said.has_document = True


def print_failure(document: object) -> None:
    """Print in the place of a result what went wrong, if no document was begun and stdout can be written to."""
    if not _Said.has_document:
        with suppress(OutputError, ReaderGone):
            print_json(document)
            sys.stdout.flush()


def print_json(document: object) -> None:
    """Print one JSON document to stdout."""
    begin_document()
    print(json_of(document, indent=2, ascii_only=not is_unicode(sys.stdout)))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], output: Format, right: Sequence[str] = (), bars: int = 0
) -> None:
    """Print rows: as a table, or as a JSON array of objects. Numbers, and the columns named in `right`, stand right.

    On a terminal it fits: columns of text are cut, or each row is a record. The last `bars` columns are never cut.
    """
    if output is Format.JSON:
        names = [name if name not in columns[:place] else f"{name}_{place + 1}" for place, name in enumerate(columns)]
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    layout = layout_of(columns, rows, width_of(sys.stdout) if sys.stdout.isatty() else None, right, bars)
    for line in (*layout.head(), *layout.lines([tuple(map(text_of, row)) for row in rows])):
        print(line)


def print_values(values: Mapping[str, object], output: Format) -> None:
    """Print named values: a line each, or as one JSON object."""
    if output is Format.JSON:
        print_json(values)
        return
    room = max(map(len, values), default=0)
    for name, value in values.items():
        print_line(f"{name:<{room}}  {plain_text(value)}", room + 2)


def print_line(line: str, indent: int = 0) -> None:
    """Print a line to stdout; on a terminal wrapped at words, later lines with an indent."""
    print(wrapped(line, width_of(sys.stdout), indent) if sys.stdout.isatty() else line)
