"""The command that compares two warehouses."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sparkify.cli.options import Config, Output, Profile, Verbose, load_settings, open_warehouse
from sparkify.cli.output import Format, plain_text, print_json, print_table, say
from sparkify.cli.progress import working
from sparkify.cli.table import layout_of
from sparkify.cli.terminal import width_of

if TYPE_CHECKING:
    from sparkify.reports.compare import TableComparison

DIFFERENT = 1
SHOWN_HASH = 12


def compare(
    first: Annotated[str, typer.Argument(help="A warehouse, as a URL.", metavar="URL_A")],
    second: Annotated[str, typer.Argument(help="Another one.", metavar="URL_B")],
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Tell whether two warehouses hold the same rows; exit code 0 if they do, 1 if not."""
    from sparkify.reports.compare import compare_warehouses

    loaded = [load_settings(config, profile, warehouse=url).settings for url in (first, second)]
    with working("comparing"), open_warehouse(loaded[0]) as one, open_warehouse(loaded[1]) as other:
        tables = list(compare_warehouses(one, other))
    different = [table for table in tables if not table.is_same]
    if output is Format.JSON:
        print_json({"same": not different, "tables": [_document(table) for table in tables]})
    else:
        _print(tables)
        names = ", ".join(table.table for table in different)
        say(f"different: {names}" if different else "the two warehouses hold the same rows")
    if different:
        raise typer.Exit(DIFFERENT)


def _document(table: TableComparison) -> dict[str, object]:
    rows = [
        {"only_in": "AB"[row.side], **{name: _exact(value, "T") for name, value in row.values.items()}}
        for row in table.rows
    ]
    return {**asdict(table), "rows": rows, "same": table.is_same}


def _exact(value: object, separator: str = " ") -> object:
    """A time with all of its microseconds, which may be what differs; all else as it is."""
    return value.isoformat(separator) if isinstance(value, datetime) else value


def _print(tables: list[TableComparison]) -> None:
    rows: list[tuple[str, ...]] = [
        (
            table.table,
            "same" if table.is_same else "different",
            *(f"{count:,}" for count in table.counts),
            *(f"{count:,}" for count in table.differing),
            *(text[:SHOWN_HASH] for text in table.hashes),
        )
        for table in tables
    ]
    columns: tuple[str, ...] = (
        "table",
        "state",
        "rows in A",
        "rows in B",
        "only in A",
        "only in B",
        "hash of A",
        "hash of B",
    )
    most = width_of(sys.stdout) if sys.stdout.isatty() else None
    if layout_of(columns, rows, most).is_record:  # a narrow terminal has no room for the hashes
        columns, rows = columns[:6], [row[:6] for row in rows]
    print_table(columns, rows, Format.TEXT, right=columns[2:6])
    for table in tables:
        for row in table.rows:
            values = ", ".join(f"{name}={_exact(value)!r}" for name, value in row.values.items())
            print(plain_text(f"only in {'AB'[row.side]}, {table.table}: {values}"))
