"""Long text on a terminal goes through a pager; off a terminal it is printed as it is."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable

DEFAULT_PAGER = "less"
_LESS = "FRX"
"""How less is to behave unless LESS says otherwise: end if all fits, show colours, leave the text on the screen."""


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to stdout; on a terminal that they do not fit, by the pager that PAGER names, or less.

    An empty PAGER means none.
    """
    if not sys.stdout.isatty() or not (pager := _pager()):
        for line in lines:
            print(line)
        return
    text = "".join(f"{line}\n" for line in lines)
    if text.count("\n") < os.get_terminal_size(sys.stdout.fileno()).lines:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    with subprocess.Popen(pager, stdin=subprocess.PIPE, env={"LESS": _LESS, **os.environ}) as process:
        assert process.stdin
        try:
            process.stdin.write(text.encode("utf-8", "backslashreplace"))
            process.stdin.close()
        except BrokenPipeError:  # its user has seen enough
            pass


def _pager() -> list[str]:
    """The command of the pager; empty if there is none."""
    named = shlex.split(os.environ.get("PAGER", DEFAULT_PAGER))
    return named if named and shutil.which(named[0]) else []
