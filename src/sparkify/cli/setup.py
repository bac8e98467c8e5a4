"""Commands that come first: init, create-tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from sparkify.cli.options import (
    Config,
    Logs,
    Output,
    Profile,
    Quiet,
    Songs,
    Verbose,
    Warehouse,
    load_settings,
    new_output,
    open_warehouse,
)
from sparkify.cli.output import Format, count_of, print_json, say
from sparkify.errors import UsageError

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("sparkify.toml"),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    yes: Yes = False,
    warehouse: Warehouse = None,
    logs: Logs = None,
    songs: Songs = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write a commented sparkify.toml; on a terminal a few questions are asked first."""
    from sparkify.config.example import SCHEMA_FILE, example, schema

    output = new_output(file, "the settings", is_config=True)
    if file.is_file() and not force:
        raise UsageError(f"{file} is there already", hint="Write over it with --force, or name another file.")
    values = {"warehouse": warehouse, "logs": logs, "songs": songs}
    if not yes and not output.is_stdout and sys.stdin.isatty() and sys.stderr.isatty():
        values = _asked(values)
    given = {name: _written(name, value) for name, value in values.items() if value}
    output.write(example(given))
    if output.is_stdout:
        return
    beside = new_output(file.parent / SCHEMA_FILE, "the schema of the settings", is_config=True)
    beside.write(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
    missing = [name for name in ("logs", "songs") if name not in given]
    first = f"set {' and '.join(missing)} in it, then run" if missing else "next, run"
    say(f"wrote {file}: {first}: sparkify doctor, sparkify etl")


def _written(name: str, value: str) -> str:
    """A value that a file in UTF-8 can hold."""
    if value.isprintable() or value.encode("utf-8", "replace").decode() == value:
        return value
    raise UsageError(f"{name} is not UTF-8, and sparkify.toml must be", hint=f"Give it to each command by --{name}.")


_LIKELY = {
    "logs": ("log_data", "data/log_data", "logs", "data/logs", "demo/data/log_data"),
    "songs": ("song_data", "data/song_data", "songs", "data/songs", "demo/data/song_data"),
}
"""Folders that are proposed if they are there."""
_QUESTIONS = {
    "logs": "Where are the logs? A folder, s3://bucket/folder, or kafka://host:port/topic",
    "songs": "Where is the song metadata? The same",
}


def _asked(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Values, with answers in the place of those that are missing; an empty answer leaves one open."""
    found = dict(values)
    for name, question in _QUESTIONS.items():
        if not found[name]:
            likely = next((path for path in _LIKELY[name] if Path(path).is_dir()), "")
            found[name] = typer.prompt(question, default=likely, err=True, show_default=bool(likely))
    if not found["warehouse"]:
        found["warehouse"] = typer.prompt(
            "Which warehouse? A DuckDB file, or postgresql://user@host/database, or redshift://…",
            default="duckdb:///sparkify.duckdb",
            err=True,
            value_proc=_warehouse,
        )
    return found


def _warehouse(answer: str) -> str:
    """A URL of a warehouse, or a path of a DuckDB file, which becomes one."""
    from sparkify.engines.registry import dialect_of

    url = answer if "://" in answer else f"duckdb:///{answer}"
    try:
        dialect_of(url)
    except UsageError as error:
        raise typer.BadParameter(f"{error.what}. {error.hint}") from error
    return url


def create_tables(
    drop: Annotated[bool, typer.Option("--drop", help="Drop the tables first, with all that is in them.")] = False,
    yes: Yes = False,
    warehouse: Warehouse = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Create the tables, or drop and create them again."""
    from sparkify.warehouse.tables import drop_tables, open_for_writing, tables_to_drop

    settings = load_settings(config, profile, warehouse=warehouse).settings
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
