"""The command that finds what is wrong with a setup."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sparkify.cli.options import Config, Logs, Output, Profile, Songs, Verbose, Warehouse
from sparkify.cli.output import Format, plain_text, print_json, print_line, warn
from sparkify.cli.terminal import painted

if TYPE_CHECKING:
    from sparkify.engines.diagnosis import Diagnosis

UNHEALTHY = 1
_SIGNS = {"ok": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("-", "dim")}
_INDENT = 17


def doctor(
    warehouse: Warehouse = None,
    logs: Logs = None,
    songs: Songs = None,
    config: Config = None,
    profile: Profile = None,
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
    for finding in diagnose({"warehouse": warehouse, "logs": logs, "songs": songs}, config, profile, probe=probe):
        found.append(finding)
        if output is Format.TEXT:
            _print(finding)
    failed = [finding.check for finding in found if finding.state is State.FAILED]
    if output is Format.JSON:
        print_json({"ok": not failed, "checks": [finding._asdict() for finding in found]})
    elif failed:
        warn(f"to be fixed: {', '.join(failed)}", "red")
    if failed:
        raise typer.Exit(UNHEALTHY)


def _print(finding: Diagnosis) -> None:
    sign, style = _SIGNS[finding.state]
    print_line(f"{painted(sign, style, sys.stdout)} {finding.check:<14} {plain_text(finding.found)}", _INDENT)
    for line in finding.fix.splitlines():
        print_line(f"{'':<{_INDENT}}{plain_text(line)}", _INDENT)
