"""`sparkify generate`: simulate events and songs."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sparkify.cli.options import Verbose
from sparkify.cli.output import Format, say
from sparkify.generate import GenerateOptions, Summary
from sparkify.generate import generate as run_generate

Progress = Callable[[str, int, int], None]
STAGES = {"songs": "Writing songs", "users": "Simulating users", "days": "Writing days"}


def generate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write log_data and song_data into.")],
    users: Annotated[int | None, typer.Option("--users", help="Users at the beginning. [default: 1000]")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, or time, UTC. [default: 2018-11-01]")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The end, exclusive. [default: 30 days later]")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Another seed, other data. [default: 0]")] = None,
    songs: Annotated[int | None, typer.Option("--songs", help="Songs to make up. [default: 5000]")] = None,
    catalogue: Annotated[
        str | None,
        typer.Option("--catalogue", metavar="URI", help="Play songs from the records below this folder instead."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="A configuration in eventsim's format.")
    ] = None,
    growth_rate: Annotated[
        float | None, typer.Option("--growth-rate", help="New users a year, as a share. [default: 0]")
    ] = None,
    attrition_rate: Annotated[
        float | None, typer.Option("--attrition-rate", help="Users who leave in a year, as a share. [default: 0]")
    ] = None,
    match_rate: Annotated[
        float | None, typer.Option("--match-rate", help="Share of plays whose song is in song_data. [default: 1]")
    ] = None,
    first_user_id: Annotated[int | None, typer.Option("--first-user-id", help="[default: 1]")] = None,
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress the logs.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes; never changes the output. [default: one per processor]")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that holds files; replaces an earlier run's alone.")
    ] = False,
    output: Annotated[Format, typer.Option("--output", help="How to print the summary.")] = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Simulate users of a music service: logs and songs of any size, the same for the same seed."""
    options = GenerateOptions(
        users=users,
        begin=begin,
        end=end,
        seed=seed,
        songs=songs,
        catalogue=catalogue,
        anonymous=bool(catalogue) and _is_anonymous(),
        config=config,
        growth_rate=growth_rate,
        attrition_rate=attrition_rate,
        match_rate=match_rate,
        first_user_id=first_user_id,
        gzip=gzip,
        workers=workers,
        force=force,
    )
    with _progress() as progress:
        summary = run_generate(out, options, progress)
    _print_summary(summary, output, verbose)


def _print_summary(summary: Summary, output: Format, verbose: bool) -> None:
    print(_as_json(summary) if output is Format.JSON else _as_text(summary))
    if verbose:
        for name, value in summary.settings.items():
            say(f"{name} = {value}")


def _is_anonymous() -> bool:
    from sparkify.config.settings import load

    return load({}).settings.anonymous


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description:<17}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        tasks = {stage: bar.add_task(label, total=None, visible=False) for stage, label in STAGES.items()}

        def show(stage: str, done: int, total: int) -> None:
            bar.update(tasks[stage], completed=done, total=total, visible=True)

        yield show


def _as_json(summary: Summary) -> str:
    return json.dumps(dataclasses.asdict(summary), default=str, indent=2)


def _as_text(summary: Summary) -> str:
    share = summary.matched_plays / summary.plays if summary.plays else 1.0
    rate = summary.events / summary.seconds
    rows = [
        ("period", f"{summary.begin:%Y-%m-%d %H:%M} to {summary.end:%Y-%m-%d %H:%M} UTC"),
        ("users", f"{summary.users:,}"),
        ("sessions", f"{summary.sessions:,}"),
        ("events", f"{summary.events:,}"),
        ("plays", f"{summary.plays:,} ({share:.1%} of songs in song_data)"),
        ("songs", f"{summary.songs:,}"),
        ("logs", f"{summary.out / 'log_data'}: {summary.log_files:,} files, {summary.log_bytes / 1e6:,.1f} MB"),
        ("catalogue", f"{summary.out / 'song_data'}"),
        ("time", f"{summary.seconds:.1f} s ({rate:,.0f} events/s)"),
    ]
    if summary.skipped_songs:
        rows.insert(6, ("skipped", f"{summary.skipped_songs:,} invalid records of the catalogue"))
    return "\n".join(f"{name:<10} {value}" for name, value in rows)
