"""Commands that come first: init, create-tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sparkify.cli.options import Config, Output, Verbose, Warehouse, load_settings, new_output, open_warehouse
from sparkify.cli.output import Format, print_json, say
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
    from sparkify.warehouse.tables import create_missing_tables, drop_tables

    settings = load_settings(config, warehouse=warehouse).settings
    with open_warehouse(settings, read_only=False) as engine:
        dropped: list[str] = []
        if drop:
            _make_sure(yes, "Drop all tables and what is in them?")
            dropped = drop_tables(engine)
        created = create_missing_tables(engine)
    if output is Format.JSON:
        print_json({"dropped": dropped, "created": created})
        return
    if dropped:
        say(f"dropped {len(dropped)} tables")
    say(f"created {', '.join(created)}" if created else "all tables are there already")


def _make_sure(yes: bool, question: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this drops tables, and there is no terminal to ask on", hint="Say --yes if you mean it.")
    if not typer.confirm(question, err=True):
        raise UsageError("nothing was dropped")
