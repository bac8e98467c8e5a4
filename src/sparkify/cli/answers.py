"""Answers in the terminal: tables with small bars, and shades for what has two axes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sparkify.cli.output import Format, plain_text, print_table
from sparkify.reports.questions import OVER_TIME, Answered, is_share, label, shown

SHORT = 20
"""Rows of an answer when all questions are answered; over time a month."""

_WIDTH = 24
_WIDE = 14
"""More columns than these are shades, not numbers."""


def print_answer(answer: Answered, *, whole: bool) -> None:
    """Print an answer; `whole` says every row."""
    question = answer.question
    print(question.title)
    print(question.why)
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
    lines = [
        [*(shown(column, value) for column, value in zip(answer.columns, row, strict=True)), _bar(row[place], top)]
        for row in rows
    ]
    print_table(
        [*map(label, answer.columns), label(measure) + " "], lines, Format.TEXT, right=list(map(label, numeric))
    )
    if len(answer.rows) > most:
        left = len(answer.rows) - most
        print(f"… {left:,} {'earlier' if over_time else 'more'}: sparkify analyze --only {answer.question.name}")


def _bar(value: object, top: float) -> str:
    """A bar of as many eighths of a letter as the value's part of the top."""
    share = float(value) / top if isinstance(value, int | float) and top > 0 else 0
    if not _has_blocks():
        return "#" * round(share * _WIDTH)
    eighths = round(share * _WIDTH * 8)
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")


def _has_blocks() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def _print_heatmap(answer: Answered) -> None:
    chart = answer.question.chart
    across = sorted(set(answer.column(chart.x)), key=_number)
    cells: dict[object, dict[object, object]] = {}
    for x, y, value in zip(*(answer.column(name) for name in chart.columns), strict=True):
        cells.setdefault(y, {})[x] = value
    top = max(map(_number, answer.column(chart.color)))
    shaded = len(across) > _WIDE
    lines = [
        [shown(chart.y[0], y), *(_shade(row.get(x), top) if shaded else _cell(chart.color, row.get(x)) for x in across)]
        for y, row in cells.items()
    ]
    print_table([f"{label(chart.y[0])} \\ {label(chart.x)}", *map(str, across)], lines, Format.TEXT)
    if shaded:
        shades = ", ".join(f"{_shade(top * part, top)} up to {shown(chart.color, _as(top, part))}" for part in _PARTS)
        print(f"{label(chart.color)}: {shades}")


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
        return ""
    shades: Sequence[str] = "░▒▓█" if _has_blocks() else ".:+#"
    level = next(place for place, part in enumerate(_PARTS) if _number(value) <= top * part or part == 1)
    return shades[level] * 2
