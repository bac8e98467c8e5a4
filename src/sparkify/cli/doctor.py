"""The command that finds what is wrong with a setup."""

from __future__ import annotations

from typing import Annotated

import typer

from sparkify.cli.options import Config, Logs, Output, Songs, Verbose, Warehouse
from sparkify.cli.output import Format, plain_text, print_json, say

UNHEALTHY = 1
_SIGNS = {"ok": "✓", "failed": "✗", "skipped": "-"}


def doctor(
    warehouse: Warehouse = None,
    logs: Logs = None,
    songs: Songs = None,
    config: Config = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Try on Redshift what AWS's documentation leaves open about large objects.")
    ] = False,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Check configuration, sources, warehouse and credentials, and say how to fix what is wrong."""
    from sparkify.doctor import diagnose
    from sparkify.engines.diagnosis import State

    found = []
    for finding in diagnose({"warehouse": warehouse, "logs": logs, "songs": songs}, config, probe=probe):
        found.append(finding)
        if output is Format.TEXT:
            print(f"{_SIGNS[finding.state]} {finding.check:<14} {plain_text(finding.found)}")
            for line in finding.fix.splitlines():
                print(f"{'':<17}{plain_text(line)}")
    failed = [finding.check for finding in found if finding.state is State.FAILED]
    if output is Format.JSON:
        print_json({"ok": not failed, "checks": [finding._asdict() for finding in found]})
    elif failed:
        say(f"to be fixed: {', '.join(failed)}")
    if failed:
        raise typer.Exit(UNHEALTHY)
