"""Answers in the terminal: tables with small bars, and shades for what has two axes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from sparkify.cli.output import Format, plain_text, print_line, print_table
from sparkify.cli.table import layout_of
from sparkify.cli.terminal import is_unicode, width, width_of
from sparkify.reports.questions import OVER_TIME, Answered, is_share, label, shown

SHORT = 20
"""Rows of an answer when all questions are answered; over time a month."""

_WIDTH = 24
"""Columns that a bar may take; on a narrow terminal half as many."""
_WIDE = 14
"""More columns than these are shades, not numbers."""


def print_answer(answer: Answered, *, whole: bool) -> None:
    """Print an answer; `whole` says every row."""
    question = answer.question
    print_line(question.title)
    print_line(question.why)
    if not answer.rows:
        print("no rows\n")
        return
    print()
    if question.chart.kind == "figures":
        _print_figures(answer)
    elif question.chart.kind == "heatmap":
        _print_heatmap(answer)
    else:
        _print_bars(answer, whole)
    print()


def _print_figures(answer: Answered) -> None:
    for row in answer.rows:
        width = max(map(len, answer.columns))
        for column, value in zip(answer.columns, row, strict=True):
            print(f"{label(column):<{width}}  {plain_text(shown(column, value))}")


def _print_bars(answer: Answered, whole: bool) -> None:
    chart = answer.question.chart
    over_time = chart.kind in OVER_TIME
    most = len(answer.rows) if whole else 31 if over_time else SHORT
    rows = answer.rows[-most:] if over_time else answer.rows[:most]
    measure = chart.measures[0]
    place = answer.columns.index(measure)
    top = max((row[place] or 0 for row in rows), default=0)
    numeric = [column for column, value in zip(answer.columns, rows[0], strict=True) if isinstance(value, int | float)]
    right = list(map(label, numeric))
    columns = list(map(label, answer.columns))
    lines = [[shown(column, value) for column, value in zip(answer.columns, row, strict=True)] for row in rows]
    if room := _room_for_bars([*columns, label(measure)], lines, right):
        columns.append(label(measure) + " ")
        lines = [[*line, _bar(row[place], top, room)] for line, row in zip(lines, rows, strict=True)]
    print_table(columns, lines, Format.TEXT, right=right, bars=1 if room else 0)
    if len(answer.rows) > most:
        left = len(answer.rows) - most
        print(f"… {left:,} {'earlier' if over_time else 'more'}: sparkify analyze --only {answer.question.name}")


def _room_for_bars(columns: Sequence[str], lines: Sequence[Sequence[str]], right: Sequence[str]) -> int:
    """How many columns of the terminal a bar may take, beside a table in which no text is cut for it if that can be."""
    if not sys.stdout.isatty():
        return _WIDTH
    most = width_of(sys.stdout)
    for is_cut, room in ((False, _WIDTH), (False, _WIDTH // 2), (False, _WIDTH // 3), (True, _WIDTH // 3)):
        rows = [[*line, "#" * room] for line in lines]
        layout = layout_of(columns, rows, most, right, bars=1)
        if not layout.is_record and (is_cut or layout.widths == layout_of(columns, rows, None).widths):
            return room
    return 0


def _bar(value: object, top: float, room: int) -> str:
    """A bar of as many eighths of a letter as the value's part of the top, which takes all the room."""
    share = float(value) / top if isinstance(value, int | float) and top > 0 else 0
    if not is_unicode(sys.stdout):
        return "#" * round(share * room)
    eighths = round(share * room * 8)
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")


def _print_heatmap(answer: Answered) -> None:
    chart = answer.question.chart
    across = sorted(set(answer.column(chart.x)), key=_number)
    cells: dict[object, dict[object, object]] = {}
    for x, y, value in zip(*(answer.column(name) for name in chart.columns), strict=True):
        cells.setdefault(y, {})[x] = value
    columns = [f"{label(chart.y[0])} \\ {label(chart.x)}", *map(str, across)]
    lines = [[shown(chart.y[0], y), *(_cell(chart.color, row.get(x)) for x in across)] for y, row in cells.items()]
    most = width_of(sys.stdout) if sys.stdout.isatty() else None
    if len(across) <= _WIDE and not layout_of(columns, lines, most).is_record:
        print_table(columns, lines, Format.TEXT)
        return
    _print_shades(answer, across, cells)


def _print_shades(answer: Answered, across: Sequence[object], cells: Mapping[object, Mapping[object, object]]) -> None:
    """Two letters for each value, side by side, and what they stand for."""
    chart = answer.question.chart
    top = max(map(_number, answer.column(chart.color)))
    names = {y: shown(chart.y[0], y) for y in cells}
    room = max(map(width, (label(chart.y[0]), *names.values())))
    print(f"{label(chart.y[0]):<{room}} {_scale(across)}".rstrip())
    for y, row in cells.items():
        shades = "".join(_shade(row.get(x), top) for x in across)
        print(f"{names[y]}{' ' * (room - width(names[y]))} {shades}".rstrip())
    parts = ", ".join(f"{_shade(top * part, top)} up to {shown(chart.color, _as(top, part))}" for part in _PARTS)
    print_line(f"{label(chart.color)} by {label(chart.x)}: {parts}")


def _scale(across: Sequence[object]) -> str:
    """The values across above their shades, those that have room."""
    line = ""
    for place, value in enumerate(across):
        if not line or len(line) < 2 * place:
            line = f"{line:<{2 * place}}{value}"
    return f"{line:<{2 * len(across)}}"


_PARTS = (0.25, 0.5, 0.75, 1.0)


def _as(top: float, part: float) -> float:
    return top * part if isinstance(top, float) else int(top * part)


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    return f"{value:.0%}" if is_share(column) and isinstance(value, int | float) else shown(column, value)


def _shade(value: object, top: float) -> str:
    if value is None or not top:
        return "  "
    shades: Sequence[str] = "░▒▓█" if is_unicode(sys.stdout) else ".:+#"
    level = next(place for place, part in enumerate(_PARTS) if _number(value) <= top * part or part == 1)
    return shades[level] * 2
