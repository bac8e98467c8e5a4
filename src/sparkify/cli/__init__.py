"""The command line. Only this folder prints: data to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import NoReturn

from sparkify.cli import signals


def main() -> NoReturn:
    """Run the command line, and exit with its code."""
    signals.listen()
    try:
        from sparkify.cli.streams import take_over

        take_over()
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:  # at the very beginning, or while an error was being explained
        code = signals.exit_code()
    signals.ignore()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run a command; its exit code comes back, whatever happened."""
    try:
        code = _called(arguments)
        if signals.is_interrupted() or code == signals.INTERRUPTED:  # typer makes a code of the interrupt
            raise KeyboardInterrupt
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        return _explained(error, arguments)
    return code


def _called(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        # Asked by scripts on every start: not worth loading a command line for.
        from sparkify.version import __version__

        print(f"sparkify {__version__}")
        return 0
    from sparkify.cli.app import app

    # Typer hands back the code of Exit, and raises all else for `ending_of` to explain.
    code = app(args=arguments, prog_name="sparkify", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _explained(error: BaseException, arguments: list[str]) -> int:
    """Say what an exception means, with a traceback if asked for; the exit code comes back."""
    from sparkify.cli.ending import ending_of
    from sparkify.cli.output import explain, print_failure

    ending = ending_of(error, arguments)
    explain(ending.said, error if "--verbose" in arguments else None)
    if ending.said and _wants_json(arguments):
        print_failure(ending.document())
    return ending.code


def _wants_json(arguments: list[str]) -> bool:
    """Whether the command was to print one JSON document."""
    return "--output=json" in arguments or ("--output", "json") in pairwise(arguments)
