"""Answers as CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV Injection)."""


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV (RFC 4180), with a byte-order mark by which spreadsheets know UTF-8.

    Every text is in quotes: a spreadsheet that separates by semicolons must not find a formula behind one. A text that
    begins like a formula has an apostrophe before it. NULL is an empty cell without quotes.
    """
    lines = (",".join(map(_cell, row)) for row in (columns, *rows))
    return "\ufeff" + "".join(f"{line}\r\n" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    return '"' + str(harmless(value)).replace('"', '""') + '"'


def harmless(value: object) -> object:
    """A value as a cell that is no formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_ACTIVE) else value
