"""`sparkify demo`: generate, etl and analyze in one go."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

import sparkify
from sparkify.cli import etl, generate, inspect
from sparkify.cli.options import Verbose
from sparkify.cli.output import count_of, say, say_commands
from sparkify.errors import UsageError

DAYS = ("2018-11-01", "2018-12-01")


def demo(
    folder: Annotated[Path, typer.Argument(help="The folder to work in.", metavar="FOLDER")] = Path("demo"),
    users: Annotated[int, typer.Option(help="Users to simulate.", min=1)] = 1000,
    verbose: Verbose = False,
) -> None:
    """Generate a month of events, load them, and look at the warehouse."""
    data = folder / "data"
    url = f"duckdb:///{folder / 'warehouse.duckdb'}"
    say(f"1. generate: {users:,} users, a month of events, in {data}")
    generate.generate(str(data), users=users, begin=DAYS[0], end=DAYS[1], force=True)
    say(f"\n2. etl: into {url}")
    etl.etl(warehouse=url, logs=str(data / "log_data"), songs=str(data / "song_data"), prune=True, verbose=verbose)
    say("\n3. analyze")
    inspect.analyze(warehouse=url)
    say(f"\n{_found(url)}")
    paths = (url, f"{data}/log_data", f"{data}/song_data", f"{folder}/report.html")
    at, logs, songs, report = map(shlex.quote, paths)
    program = _program()
    say_commands(f"""
Try next:
  {program} query --warehouse {at} \\
    "SELECT a.name, COUNT(*) AS plays FROM songplays p JOIN artists a USING (artist_id)
     GROUP BY a.name ORDER BY plays DESC LIMIT 10"
  {program} analyze --warehouse {at}{_report_option(report)}
  {program} status --warehouse {at}
  {program} etl --warehouse {at} --logs {logs} --songs {songs}   # nothing new""")


def _report_option(report: str) -> str:
    """The option that writes a report, if what it needs is installed."""
    from sparkify.reports.html import require_packages

    try:
        require_packages()
    except UsageError:
        return ""
    return f" --report {report}"


def _program() -> str:
    """How a shell calls this program: by its name if that finds it, else by the path by which it was called."""
    called = sys.argv[0]
    found = shutil.which("sparkify")
    if os.path.basename(called) == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m sparkify"
    if os.sep not in called or (found and os.path.exists(called) and os.path.samefile(found, called)):
        return "sparkify"
    return shlex.quote(called)


def _found(url: str) -> str:
    """The demo's outcome in one sentence."""
    with sparkify.connect(url, read_only=True) as warehouse:
        overview = warehouse.answers("overview")["overview"]
        rows = warehouse.row_counts()
    listeners = dict(zip(overview.columns, overview.rows[0], strict=True))["listeners"]
    plays, listeners = count_of(rows["songplays"], "play"), count_of(listeners, "listener")
    songs, artists = count_of(rows["songs"], "song"), count_of(rows["artists"], "artist")
    return f"Found: {plays} by {listeners}, of {songs} by {artists}."
