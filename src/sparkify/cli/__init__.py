"""The command line. Only this folder prints: data to stdout, everything else to stderr."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from typer import Typer

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line, and exit with its code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        # Asked by scripts on every start: not worth loading a command line for.
        from sparkify import __version__

        print(f"sparkify {__version__}")
        sys.exit(0)
    signal.signal(signal.SIGTERM, _terminated)
    from sparkify.cli.app import app
    from sparkify.cli.output import explain
    from sparkify.errors import SparkifyError

    try:
        _run(app, arguments)
    except SparkifyError as error:
        explain(error, verbose="--verbose" in arguments)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted: the warehouse is at its last committed chunk", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of stdout is gone; the interpreter's last flush must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(0)


def _run(app: Typer, arguments: list[str]) -> None:
    try:
        app(args=arguments, prog_name="sparkify")
    except SystemExit as end:
        if end.code == INTERRUPTED:  # what typer makes of it, without a word
            raise KeyboardInterrupt from end
        raise


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
