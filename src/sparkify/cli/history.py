"""Commands that look back: runs, rejects, explain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sparkify.cli.options import (
    Config,
    MaxRejects,
    Output,
    Profile,
    Quiet,
    RepairText,
    UnknownSongs,
    Verbose,
    Warehouse,
    load_settings,
    open_warehouse,
)
from sparkify.cli.output import Format, print_table, print_values, say
from sparkify.cli.progress import run_progress
from sparkify.errors import UsageError
from sparkify.sources.base import shown

rejects = typer.Typer(help="Show the records that were rejected.", no_args_is_help=True, rich_markup_mode=None)

Most = Annotated[int, typer.Option("--limit", "--most", help="How many rows, the latest first.", min=1, max=1_000_000)]


def runs(
    most: Most = 20,
    warehouse: Warehouse = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Show the history of runs, those that failed too."""
    from sparkify.reports.lineage import list_runs

    settings = load_settings(config, profile, warehouse=warehouse).settings
    with open_warehouse(settings) as engine:
        result = list_runs(engine, most)
    if output is Format.JSON:
        print_table(result.columns, [(*row[:-1], json.loads(row[-1])) for row in result.rows], output)
    elif verbose:
        print_table(result.columns, result.rows, output)
    else:
        print_table(result.columns[:-1], [row[:-1] for row in result.rows], output)


@rejects.command("list", short_help="List the files that failed, and the rejects.")
def list_rejects(
    most: Most = 100,
    warehouse: Warehouse = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """List the files that failed, and the rejects: where each is, and why it was rejected."""
    from sparkify.reports.lineage import list_rejects as rows_of

    settings = load_settings(config, profile, warehouse=warehouse).settings
    with open_warehouse(settings) as engine:
        result = rows_of(engine, most)
    rows = [(number, shown(uri), *rest) for number, uri, *rest in result.rows]
    if rows or output is Format.JSON:
        print_table(result.columns, rows, output)
    else:
        say("no rejects")


@rejects.command("show")
def show_reject(
    reject: Annotated[str, typer.Argument(help="The reject, such as 12-3.", metavar="REJECT")],
    warehouse: Warehouse = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Show one reject, with its raw text."""
    from sparkify.reports.lineage import find_reject
    from sparkify.warehouse.reject_key import reject_key

    settings = load_settings(config, profile, warehouse=warehouse).settings
    with open_warehouse(settings) as engine:
        values = find_reject(engine, reject_key(reject))
    print_values({**values, "file": shown(str(values["file"]))}, output)


@rejects.command("replay", short_help="Load fixed records in the place of rejects.")
def replay(
    named: Annotated[
        list[str] | None,
        typer.Argument(help="With --from: the rejects that it fixes, such as 12-3.", metavar="[REJECT]..."),
    ] = None,
    fixed: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Fixed records: any number for one reject, one for each of several.", metavar="FILE"
        ),
    ] = None,
    warehouse: Warehouse = None,
    unknown_songs: UnknownSongs = None,
    repair_text: RepairText = None,
    max_rejects: MaxRejects = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Load fixed records in the place of rejects, or read the files of open rejects again."""
    from sparkify.cli.etl import report_summary
    from sparkify.etl.replay import replay_from
    from sparkify.etl.run import Run
    from sparkify.reports.unresolved import find_unresolved
    from sparkify.warehouse.reject_key import reject_key

    if named and not fixed:
        raise UsageError("rejects are named, and no file that fixes them", hint="Name it with --from FILE.")
    settings = load_settings(
        config,
        profile,
        warehouse=warehouse,
        unknown_songs=unknown_songs,
        repair_text=repair_text,
        max_rejects=max_rejects,
    ).settings
    keys = [reject_key(name) for name in named or ()]
    with run_progress() as report, open_warehouse(settings, read_only=False) as engine:
        if fixed:
            summary = replay_from(engine, settings, fixed, keys, report)
        else:
            summary = Run(engine, settings, report=report).run_rejected_again()
        unresolved = find_unresolved(engine)
    report_summary(summary, unresolved, output, verbose)


def explain(
    songplay_id: Annotated[str, typer.Argument(help="ts-userId-sessionId-itemInSession", metavar="SONGPLAY_ID")],
    warehouse: Warehouse = None,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Trace a play back to its file and line, or its message, and say how its song was found."""
    from sparkify.etl.listing import opening_of
    from sparkify.reports.lineage import explain_play

    settings = load_settings(config, profile, warehouse=warehouse).settings
    with open_warehouse(settings) as engine:
        values = explain_play(engine, songplay_id, opening_of(settings))
    print_values(values, output)
