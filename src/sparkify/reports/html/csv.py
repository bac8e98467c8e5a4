"""Answers as CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV Injection)."""


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV (RFC 4180), with a byte-order mark by which spreadsheets know UTF-8.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([harmless(value) for value in row] for row in rows)
    return "\ufeff" + out.getvalue()


def harmless(value: object) -> object:
    """A value as a cell that is no formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_ACTIVE) else value
