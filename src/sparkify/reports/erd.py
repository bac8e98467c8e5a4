"""The star schema as a picture, drawn from the tables' definitions: Mermaid's text, or SVG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from sparkify.sql import definitions
from sparkify.sql.definitions import Table

_ROW, _HEAD, _PAD = 22, 30, 12
_GAP_X, _GAP_Y, _MARGIN = 90, 36, 12
_LETTER = 7.3
"""Width of a letter of the SVG's monospaced 12 px, rounded up."""


def star() -> tuple[Table, ...]:
    """The tables of the star."""
    return tuple(definitions.table(name) for name in definitions.STAR)


def fact() -> Table:
    """The table in the middle: the one that refers to most others."""
    return max(star(), key=lambda table: len(table.references))


def is_optional(table: Table, column: str) -> bool:
    """Whether a row need not refer to another by that column."""
    return not next(found for found in table.columns if found.name == column).not_null


def mermaid() -> str:
    """The star as an entity-relationship diagram of Mermaid's, which GitHub and many editors draw."""
    lines = ["erDiagram"]
    for table in star():
        for reference in table.references:
            line, one = ("..", "o|") if is_optional(table, reference.column) else ("--", "||")
            lines.append(f"  {table.name} }}o{line}{one} {reference.table} : {reference.column}")
    for table in star():
        name = f'{table.name}["{table.name} (fact)"]' if table == fact() else table.name
        lines.append(f"  {name} {{")
        lines += [f"    {column.type} {column.name}{_mermaid_keys(table, column.name)}" for column in table.columns]
        lines.append("  }")
    return "\n".join(lines) + "\n"


def _mermaid_keys(table: Table, column: str) -> str:
    keys = _keys(table, column)
    return f" {', '.join(keys)}" if keys else ""


def _keys(table: Table, column: str) -> list[str]:
    keys = ["PK"] if column in table.key else []
    return keys + (["FK"] if any(reference.column == column for reference in table.references) else [])


@dataclass(frozen=True)
class _Box:
    """A table in the picture: its upper left corner, and its size."""

    table: Table
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        return _height(self.table)

    def row(self, column: str) -> float:
        """The middle of a column's row."""
        return self.y + _HEAD + _ROW * (self.table.column_names.index(column) + 0.5)


def _height(table: Table) -> float:
    return _HEAD + _ROW * len(table.columns) + 6


def _width(tables: list[Table]) -> float:
    longest = max(len(column.name) + len(column.type) for table in tables for column in table.columns)
    return round(_LETTER * (longest + 8) + 2 * _PAD)


def _columns() -> list[list[Table]]:
    """Left, middle and right: the fact between its dimensions, the two sides about as high as each other."""
    tables, middle = star(), fact()
    sides: list[list[Table]] = [[], []]
    # A table stands on the side of one that it refers to, so that no line crosses the fact.
    for table in tables:
        if table is middle:
            continue
        targets = {reference.table for reference in table.references}
        near = [side for side in sides if targets & {other.name for other in side}]
        side = near[0] if near else min(sides, key=lambda side: sum(map(_height, side)))
        side.append(table)
    place = {reference.table: middle.column_names.index(reference.column) for reference in middle.references}
    for side in sides:  # in the order in which the fact refers to them, so that few lines cross
        side.sort(key=lambda table: place.get(table.name, len(middle.columns)))
    return [sides[0], [middle], sides[1]]


def _boxes() -> dict[str, _Box]:
    columns = [tables for tables in _columns() if tables]
    heights = [sum(map(_height, tables)) + _GAP_Y * (len(tables) - 1) for tables in columns]
    boxes = {}
    x: float = _MARGIN + _GAP_X / 2
    for tables, height in zip(columns, heights, strict=True):
        width, y = _width(tables), _MARGIN + (max(heights) - height) / 2
        for table in tables:
            boxes[table.name] = _Box(table, x, y, width)
            y += _height(table) + _GAP_Y
        x += width + _GAP_X
    return boxes


_STYLE = """
.erd { --erd-ink: #1b2430; --erd-faint: #5a6675; --erd-line: #8592a3; --erd-paper: #ffffff; --erd-head: #e6edf7;
  --erd-fact: #1f5fbf;
  font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) {
  .erd { --erd-ink: #e8edf4; --erd-faint: #a7b3c2; --erd-line: #6f7e91; --erd-paper: #161d27; --erd-head: #243349;
  --erd-fact: #8db8f5; } }
@media print {
  .erd { --erd-ink: #1b2430; --erd-faint: #5a6675; --erd-line: #8592a3; --erd-paper: #ffffff; --erd-head: #e6edf7;
  --erd-fact: #1f5fbf; } }
.erd-box { fill: var(--erd-paper); stroke: var(--erd-line); }
.erd-head { fill: var(--erd-head); stroke: var(--erd-line); }
.erd-box.erd-fact { stroke: var(--erd-fact); stroke-width: 2.5; }
.erd-head.erd-fact { fill: var(--erd-fact); stroke: var(--erd-fact); }
.erd-name.erd-fact { fill: var(--erd-paper); }
.erd-name { fill: var(--erd-ink); font-weight: bold; font-size: 13px; }
.erd-column { fill: var(--erd-ink); }
.erd-type { fill: var(--erd-faint); }
.erd-edge { fill: none; stroke: var(--erd-line); stroke-width: 1.5; }
.erd-end { fill: var(--erd-paper); stroke: var(--erd-line); stroke-width: 1.5; }
.erd-optional { stroke-dasharray: 5 4; }
"""


def description() -> str:
    """The star in words, for those who do not see the picture."""
    sentences = []
    for table in star():
        targets = [f"{reference.table} by {reference.column}" for reference in table.references]
        refers = f", refers to {', '.join(targets)}" if targets else ""
        sentences.append(f"{table.name}: {len(table.columns)} columns{refers}.")
    return " ".join(sentences)


def svg() -> str:
    """The star as SVG, light or dark as its reader prefers."""
    boxes = _boxes()
    width = max(box.x + box.width for box in boxes.values()) + _MARGIN + _GAP_X / 2
    height = max(box.y + box.height for box in boxes.values()) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="erd" role="img" aria-labelledby="erd-title erd-desc" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">',
        '<title id="erd-title">The star schema</title>',
        f'<desc id="erd-desc">{escape(description())}</desc>',
        f"<style>{_STYLE}</style>",
        *_edges(boxes),
        *(line for box in boxes.values() for line in _drawn(box)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _drawn(box: _Box) -> Iterator[str]:
    size = f'width="{box.width:g}"'
    also = " erd-fact" if box.table == fact() else ""
    yield f'<rect class="erd-box{also}" x="{box.x:g}" y="{box.y:g}" {size} height="{box.height:g}" rx="6"/>'
    yield f'<rect class="erd-head{also}" x="{box.x:g}" y="{box.y:g}" {size} height="{_HEAD}" rx="6"/>'
    yield _text(f"erd-name{also}", box.x + _PAD, box.y + 20, box.table.name)
    for column in box.table.columns:
        y = box.row(column.name) + 4
        yield _text("erd-column", box.x + _PAD, y, column.name)
        note = " ".join([*_keys(box.table, column.name), column.type.lower()])
        yield _text("erd-type", box.x + box.width - _PAD, y, note, anchor="end")


def _text(kind: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _edges(boxes: dict[str, _Box]) -> Iterator[str]:
    for box in boxes.values():
        for reference in box.table.references:
            optional = is_optional(box.table, reference.column)
            yield from _edge(box, reference.column, boxes[reference.table], reference.key, optional)


def _edge(many: _Box, column: str, one: _Box, key: str, optional: bool) -> Iterator[str]:
    """A line from a reference to the key: a crow's foot where there are many; a bar where there is one, a ring too and
    dashes where there may be none.
    """
    y, to_y = many.row(column), one.row(key)
    if many.x == one.x:  # one above the other: around the outer side
        outer = min(box.x for box in (many, one)) if many.x < _MARGIN + _GAP_X else many.x + many.width
        side = -1 if many.x < _MARGIN + _GAP_X else 1
        x = to_x = outer
    else:
        side = 1 if one.x > many.x else -1
        x = many.x + (many.width if side > 0 else 0)
        to_x = one.x + (0 if side > 0 else one.width)
    bend = side * _GAP_X / 2
    to_bend = bend if many.x == one.x else -bend
    dashes = " erd-optional" if optional else ""
    curve = f"M{x:g} {y:g} C{x + bend:g} {y:g} {to_x + to_bend:g} {to_y:g} {to_x:g} {to_y:g}"
    yield f'<path class="erd-edge{dashes}" d="{curve}"/>'
    toward = side if many.x == one.x else -side
    foot = f"M{x:g} {y - 5:g} L{x + side * 9:g} {y:g} L{x:g} {y + 5:g}"
    bar = f"M{to_x + toward * 7:g} {to_y - 5:g} V{to_y + 5:g}"
    yield f'<path class="erd-end" d="{foot} {bar}"/>'
    if optional:
        yield f'<circle class="erd-end" cx="{to_x + toward * 13:g}" cy="{to_y:g}" r="4"/>'
