"""Commands that come first: init, create-tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sparkify.cli.options import Config, Output, Verbose, Warehouse, load_settings, new_output, open_warehouse
from sparkify.cli.output import Format, count_of, print_json, say
from sparkify.errors import UsageError


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("sparkify.toml"),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    verbose: Verbose = False,
) -> None:
    """Write a commented sparkify.toml."""
    from sparkify.config.settings import example

    output = new_output(file, "the settings", is_config=True)
    if file.is_file() and not force:
        raise UsageError(f"{file} is there already", hint="Write over it with --force, or name another file.")
    output.write(example())
    if not output.is_stdout:
        say(f"wrote {file}: set logs and songs in it, then run: sparkify etl")


def create_tables(
    drop: Annotated[bool, typer.Option("--drop", help="Drop the tables first, with all that is in them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    warehouse: Warehouse = None,
    config: Config = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Create the tables, or drop and create them again."""
    from sparkify.warehouse.tables import drop_tables, open_for_writing, tables_to_drop

    settings = load_settings(config, warehouse=warehouse).settings
    with open_warehouse(settings, read_only=False) as engine:
        dropped: list[str] = []
        if drop:
            if rows := tables_to_drop(engine):
                _make_sure(yes, _drop_question(settings.public()["warehouse"], rows))
            dropped = drop_tables(engine)
        opened = open_for_writing(engine)
    if output is Format.JSON:
        print_json({"dropped": dropped, "created": opened.created, "migrated": opened.migrated})
        return
    if dropped:
        say(f"dropped {len(dropped)} tables")
    if opened.migrated:
        say(opened.migrated)
    if opened.rebuild:
        say(f"{opened.rebuild}: created again, empty; sparkify etl fills them from staging")
    elif not opened.migrated:
        say(f"created {', '.join(opened.created)}" if opened.created else "all tables are there already")


def _drop_question(warehouse: object, rows: dict[str, int]) -> str:
    """What would be dropped: every table with the number of its rows."""
    tables = ", ".join(f"{name} ({count_of(count, 'row')})" for name, count in rows.items())
    return f"This drops these tables of {warehouse}, with all that is in them: {tables}. Drop them?"


def _make_sure(yes: bool, question: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", hint=f"{question} Say --yes if you mean it.")
    if not typer.confirm(question, err=True):
        raise UsageError("nothing was dropped")
