"""The command line. Only this folder prints: data to stdout, everything else to stderr."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import NoReturn

INTERRUPTED = 130
_COMMITTED = "the warehouse is at its last committed chunk"


def main() -> NoReturn:
    """Run the command line, and exit with its code."""
    arguments = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot show is shown as an escape
            stream.reconfigure(errors="backslashreplace")
    if arguments == ["--version"]:
        # Asked by scripts on every start: not worth loading a command line for.
        from sparkify.version import __version__

        print(f"sparkify {__version__}")
        sys.exit(0)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        sys.exit(_run(arguments))
    except KeyboardInterrupt:
        left = "nothing of this run is left" if arguments[:1] == ["generate"] else _COMMITTED
        print(f"interrupted: {left}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of stdout is gone; the interpreter's last flush must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(arguments: list[str]) -> int:
    from sparkify.cli.app import app
    from sparkify.cli.output import explain
    from sparkify.errors import SparkifyError

    try:
        app(args=arguments, prog_name="sparkify")
    except SparkifyError as error:
        explain(error, verbose="--verbose" in arguments)
        return error.exit_code
    except SystemExit as end:
        if end.code == INTERRUPTED:  # what typer makes of it
            raise KeyboardInterrupt from end
        raise
    return 0


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
