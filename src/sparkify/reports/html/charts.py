"""Charts of answers, as Vega-Lite specifications built with Altair.

A chart's data are the answer's rows: numbers as they are, days as milliseconds in UTC, and beside each value the text
that the table shows, which is what one reads when hovering. Colours of text and lines are the page's: its style sheet
sets them, so that one drawing serves light, dark and paper.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import altair as alt

from sparkify.reports.questions import Answered, is_share, label, shown

PALETTE = ("#3d7edb", "#d4660c", "#9b5de0", "#1f9479", "#d6458c")
"""Each has a contrast of at least 3 to white and to the dark page's background."""

_ROW = 22
"""Height of a bar or a cell, pixels."""

_TIP = "tip "
"""Begins the names of the columns that hold what is shown when hovering."""


Drawn = alt.Chart | alt.LayerChart | alt.FacetChart


class Drawing(NamedTuple):
    """A chart: its title, what it shows in words, and its specification."""

    title: str
    alt_text: str
    spec: dict[str, Any]


def drawings(answer: Answered) -> Iterator[Drawing]:
    """The charts of an answer; none if there is nothing to draw."""
    chart = answer.question.chart
    if not answer.rows or chart.kind == "figures":
        return
    for measure in chart.measures:
        if all(value is None for value in answer.column(measure)):
            continue
        title = label(measure)
        if chart.color and chart.color != measure:
            title += f" by {label(chart.color)}"
        yield Drawing(title, _alt_text(answer, measure), _spec(answer, measure))


def _alt_text(answer: Answered, measure: str) -> str:
    """What a chart shows, for those who do not see it; the table below it holds all of it."""
    chart = answer.question.chart
    kind = {"line": "Line chart", "column": "Column chart", "bar": "Bar chart", "heatmap": "Heat map"}[chart.kind]
    numbers = [_number(value) for value in answer.column(measure)]
    most = max(numbers)
    where = answer.rows[numbers.index(most)]
    names = [name for name in chart.columns if name not in chart.measures]
    place = ", ".join(
        f"{label(name)} {shown(name, value)}"
        for name, value in zip(answer.columns, where, strict=True)
        if name in names
    )
    return (
        f"{kind}: {label(measure)} in {answer.question.title.lower()}, {len(answer.rows):,} values. "
        f"The most is {shown(measure, most)}, at {place}. The table holds every value."
    )


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and math.isfinite(value) else 0


def _spec(answer: Answered, measure: str) -> dict[str, Any]:
    chart = answer.question.chart
    build = {"line": _line, "column": _columns, "bar": _bars, "heatmap": _heatmap}[chart.kind]
    values = [_record(answer.columns, row) for row in answer.rows]
    if chart.kind == "bar":
        _name_bars(values, chart.y, chart.color)
    drawn = build(answer, measure, alt.InlineData(values=values))
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    spec: dict[str, Any] = drawn.properties(width="container", background="transparent", autosize=fit).to_dict()
    return spec


def _record(columns: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, object]:
    values = {column: _value(value) for column, value in zip(columns, row, strict=True)}
    return values | {_TIP + column: shown(column, value) for column, value in zip(columns, row, strict=True)}


def _value(value: object) -> object:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, datetime.datetime):
        return int(value.replace(tzinfo=datetime.UTC).timestamp() * 1000)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, int | float) else str(value)


_NAME = "bar name"


def _name_bars(values: list[dict[str, object]], columns: tuple[str, ...], color: str) -> None:
    """Name each bar, so that two songs of one title are two bars."""
    seen: dict[tuple[object, str], int] = {}
    for record in values:
        name = " – ".join(str(record[_TIP + column]) for column in columns)
        group = record[color] if color else None
        seen[group, name] = count = seen.get((group, name), 0) + 1
        record[_NAME] = name if count == 1 else f"{name} ({count})"


def _tooltip(answer: Answered) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{_TIP}{column}:N", title=label(column)) for column in answer.columns]


def _format(measure: str) -> str:
    # With "," alone an axis of round thousands is given one digit of precision, and says 8e+3.
    return ".0%" if is_share(measure) else ",~f"


def _color(answer: Answered) -> Any:
    chart = answer.question.chart
    if not chart.color:
        return alt.value(PALETTE[0])
    groups = sorted(set(map(str, answer.column(chart.color))), key=[*map(str, answer.column(chart.color))].index)
    colors = [PALETTE[place % len(PALETTE)] for place in range(len(groups))]
    legend = alt.Legend(orient="top", title=None, symbolType="circle")
    return alt.Color(f"{chart.color}:N", scale=alt.Scale(domain=groups, range=colors), legend=legend)


_WEEK = 7 * 86_400_000


def _days(answer: Answered) -> alt.X:
    """The days, a week of them at least: a single one would fill the chart."""
    column = answer.question.chart.x
    days = [day for day in map(_value, answer.column(column)) if isinstance(day, int)]
    first, last = min(days, default=0), max(days, default=0)
    scale = alt.Scale(padding=8)
    if last - first < _WEEK:
        scale = alt.Scale(domain=[_date(first - _WEEK // 2), _date(last + _WEEK // 2)])
    axis = alt.Axis(title=None, grid=False, labelOverlap=True, labelFlush=False, tickCount={"expr": "width / 110"})
    return alt.X(f"{column}:T", timeUnit="utcyearmonthdate", axis=axis, scale=scale)


def _date(millis: int) -> alt.DateTime:
    day = datetime.datetime.fromtimestamp(millis / 1000, datetime.UTC)
    return alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True)


def _amount(answer: Answered, measure: str, room: float) -> alt.Y:
    """The measure, from zero to its most and some room above."""
    values = [value for value in answer.column(measure) if isinstance(value, int | float)]
    axis = alt.Axis(title=None, format=_format(measure), tickCount=min(5, math.ceil(max(values))) or 1)
    scale = alt.Scale(domain=[0, max(values) * room or 1]) if room > 1 else alt.Scale(zero=True, nice=True)
    return alt.Y(f"{measure}:Q", axis=axis, scale=scale)


def _zoom() -> alt.Parameter:
    """Drag to move, Ctrl and the wheel (or two fingers) to zoom: the wheel alone scrolls the page."""
    return alt.selection_interval(bind="scales", encodings=["x"], zoom="wheel![event.ctrlKey || event.metaKey]")


def _line(answer: Answered, measure: str, data: alt.InlineData) -> Drawn:
    color, tooltip = _color(answer), _tooltip(answer)
    base = alt.Chart(data).encode(x=_days(answer), y=_amount(answer, measure, room=1.06), color=color)
    line = base.mark_line(strokeWidth=2).add_params(_zoom())
    points = base.mark_circle(size=36, opacity=1)
    targets = base.mark_circle(size=500, opacity=0).encode(tooltip=tooltip)
    return alt.layer(line, points, targets).properties(height=240)


def _columns(answer: Answered, measure: str, data: alt.InlineData) -> Drawn:
    encoded: alt.Chart = alt.Chart(data).mark_bar().encode(
        x=_days(answer), y=_amount(answer, measure, room=1), color=_color(answer), tooltip=_tooltip(answer)
    )  # fmt: skip
    return encoded.add_params(_zoom()).properties(height=240)


def _bars(answer: Answered, measure: str, data: alt.InlineData) -> Drawn:
    chart = answer.question.chart
    top = max((value for value in answer.column(measure) if isinstance(value, int | float)), default=1)
    amount = alt.X(
        f"{measure}:Q", axis=None, scale=alt.Scale(domain=[0, top * 1.18 or 1])
    )  # fmt: skip
    names = alt.Y(f"{_NAME}:N", sort=None, axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=8))
    groups = len(set(answer.column(chart.color))) if chart.color else 1
    base = alt.Chart(data).encode(x=amount, y=names, tooltip=_tooltip(answer))
    if groups > 1:
        base = base.encode(yOffset=alt.YOffset(f"{chart.color}:N", sort=None))
    bars = base.mark_bar(cornerRadiusEnd=2).encode(color=_color(answer))
    numbers = base.mark_text(align="left", dx=5).encode(text=f"{_TIP}{measure}:N")
    bar = _ROW if groups == 1 else 16 * groups
    return alt.layer(bars, numbers).properties(height=bar * len({record[_NAME] for record in data.values}))


def _heatmap(answer: Answered, measure: str, data: alt.InlineData) -> Drawn:
    """Cells of one colour, whose opacity is the value: it reads on a light and on a dark page."""
    chart = answer.question.chart
    across = alt.X(f"{chart.x}:O", axis=alt.Axis(title=label(chart.x), labelAngle=0, labelOverlap=True, ticks=False))
    down = alt.Y(f"{_TIP}{chart.y[0]}:N", sort=None, axis=alt.Axis(title=None, ticks=False, labelPadding=8))
    few = len(set(answer.column(chart.x))) <= 14
    legend = alt.Legend(orient="top", title=None, symbolType="square", format=_format(measure), tickCount=4)
    opacity = alt.Opacity(
        f"{measure}:Q", scale=alt.Scale(domainMin=0, range=[0.06, 0.75]), legend=None if few else legend
    )
    base = alt.Chart(data).encode(x=across, y=down, tooltip=_tooltip(answer))
    cells = base.mark_rect(cornerRadius=2, color=PALETTE[0]).encode(opacity=opacity)
    numbers = base.mark_text().encode(text=alt.Text(f"{measure}:Q", format=_format(measure)))
    return (alt.layer(cells, numbers) if few else alt.layer(cells)).properties(
        height=(_ROW + 4) * len(set(answer.column(chart.y[0])))
    )
