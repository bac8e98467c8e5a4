"""The command line. Only this folder prints: data to stdout, everything else to stderr."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line, and exit with its code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        # Asked by scripts on every start: not worth loading a command line for.
        from sparkify import __version__

        print(f"sparkify {__version__}")
        sys.exit(0)
    interruption = Interruption()
    signal.signal(signal.SIGTERM, interruption)
    signal.signal(signal.SIGINT, interruption)
    try:
        sys.exit(_run(arguments))
    except (Interrupted, RuntimeError):
        # DuckDB makes a RuntimeError of what a signal's handler raises in the middle of a statement.
        if not interruption.has_come:
            raise
        print("interrupted: the warehouse is at its last committed chunk", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _run(arguments: list[str]) -> int:
    from sparkify.cli.app import app
    from sparkify.cli.output import explain
    from sparkify.errors import SparkifyError

    try:
        app(args=arguments, prog_name="sparkify")
    except SparkifyError as error:
        explain(error, verbose="--verbose" in arguments)
        return error.exit_code
    except BrokenPipeError:
        # The reader of stdout is gone; the interpreter's last flush must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


class Interrupted(BaseException):
    """SIGINT or SIGTERM has come; not a KeyboardInterrupt, which the parser of the command line would swallow."""


class Interruption:
    """The handler of signals: remembers that one has come, and raises."""

    def __init__(self) -> None:
        self.has_come = False

    def __call__(self, _signal: int, _frame: object) -> NoReturn:
        """Interrupt the main thread."""
        self.has_come = True
        raise Interrupted("interrupted")
