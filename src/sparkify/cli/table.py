"""Rows as text: a table that fits the terminal, or a record for each row where no table can.

A column of text may be cut, with …; a header, a number and a time never are. Off a terminal a table is as wide as it
needs, so that what follows in a pipe sees whole lines.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sparkify.cli.terminal import cut, is_unicode, width, wrapped
from sparkify.text import printable
from sparkify.values import as_text, is_number

GAP = "   "
LEAST = 14
"""Columns of a terminal that a cut text keeps; where there is no room for that, each row is a record."""


@dataclass(frozen=True)
class Layout:
    """How rows are laid out: names, widths and sides of the columns; `is_record` if each row is a record of its own."""

    names: tuple[str, ...]
    widths: tuple[int, ...]
    is_right: tuple[bool, ...]
    most: int | None
    is_record: bool = False

    def head(self) -> Iterator[str]:
        """The lines above the rows."""
        if not self.is_record:
            yield self._line(self.names)
            yield _rule() * (sum(self.widths) + len(GAP) * (len(self.widths) - 1))

    def lines(self, rows: Iterable[Sequence[str]], first: int = 1) -> Iterator[str]:
        """The lines of some rows, of which the first one has this number."""
        for number, row in enumerate(rows, first):
            if self.is_record:
                yield from self._record(row, number)
            else:
                yield self._line(row)

    def _line(self, row: Sequence[str]) -> str:
        cells = (
            _aligned(text if self.most is None else cut(text, room), room, right)
            for text, room, right in zip(row, self.widths, self.is_right, strict=True)
        )
        return GAP.join(cells).rstrip()

    def _record(self, row: Sequence[str], number: int) -> Iterator[str]:
        title = f"{_rule() * 2} row {number:,} "
        most = self.most or 80
        yield title + _rule() * max(0, min(most, 60) - width(title))
        room = max(map(width, self.names))
        for name, text in zip(self.names, row, strict=True):
            yield wrapped(f"{_aligned(name, room, False)}  {text}".rstrip(), most, room + 2)


def layout_of(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], most: int | None, right: Sequence[str] = (), bars: int = 0
) -> Layout:
    """The layout for some rows and for those after them, which should be like these.

    `most` is the width of the terminal, None off one. Numbers, and the columns named in `right`, are aligned right.
    The last `bars` columns are drawn by their caller, and are never cut.
    """
    names = tuple(map(text_of, columns))
    texts = [tuple(map(text_of, row)) for row in rows]
    widths = [max(map(width, column)) for column in zip(names, *texts, strict=True)]
    places = range(len(names))
    is_right = tuple(columns[at] in right or (bool(rows) and all(_is_number(row[at]) for row in rows)) for at in places)
    if most is None:
        return Layout(names, tuple(widths), is_right, None)
    firm = [is_right[at] or at >= len(names) - bars or any(_is_time(row[at]) for row in rows) for at in places]
    least = [widths[at] if firm[at] else max(width(names[at]), min(widths[at], LEAST)) for at in places]
    room = most - len(GAP) * (len(names) - 1)
    if sum(least) > room:
        return Layout(names, (), is_right, most, is_record=True)
    return Layout(names, tuple(_shrunk(widths, least, room)), is_right, most)


def _shrunk(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths of which the widest were made less until they fit, none below its least."""
    found = list(widths)
    while sum(found) > room:
        widest = max((at for at in range(len(found)) if found[at] > least[at]), key=lambda at: found[at])
        found[widest] -= 1
    return found


def text_of(value: object) -> str:
    """A value as text in which control characters are escapes, so that a terminal does not act on them."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.microsecond:
        return value.isoformat(sep=" ", timespec="milliseconds")
    return printable(value if isinstance(value, str) else as_text(value))


def _aligned(text: str, room: int, right: bool) -> str:
    space = " " * (room - width(text))
    return space + text if right else text + space


def _rule() -> str:
    return "─" if is_unicode(sys.stdout) else "-"


def _is_number(value: object) -> bool:
    return value is None or is_number(value)


def _is_time(value: object) -> bool:
    return isinstance(value, datetime.date)
