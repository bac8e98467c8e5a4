"""Run the command line on a terminal of a given width, as a user sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests import forked
from tests.unit.command import environment

LINES = 1000
"""So many that no pager is asked for."""


class Shown(NamedTuple):
    """What a terminal showed in the end, with escapes if there are some, and the exit code."""

    text: str
    code: int


def on_terminal(
    *arguments: str,
    cwd: Path,
    columns: int = 80,
    env: Mapping[str, str] | None = None,
    typed: str = "",
    lines: int = LINES,
) -> Shown:
    """Run a command whose three streams are a terminal; `typed` is what its user types, line by line."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    path = os.ttyname(slave)
    blocks: list[bytes] = []
    reader = threading.Thread(target=_read, args=(master, blocks))
    reader.start()
    if typed:
        os.write(master, typed.encode())
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), path)
    settings = {"NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "", **(env or {})}
    try:
        done = forked.run(arguments, cwd, environment(settings), 120, streams)
    finally:
        os.close(slave)
        reader.join()
        os.close(master)
    return Shown(b"".join(blocks).decode().replace("\r\n", "\n"), done.returncode)


def _read(master: int, blocks: list[bytes]) -> None:
    """Until nobody has the terminal open any more, which Linux says by an error."""
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:
            return
        if not block:
            return
        blocks.append(block)


def at_the_end(text: str) -> str:
    """What is left on the screen of a text in which lines were written again in place."""
    lines = []
    for line in text.split("\n"):
        kept = line.rpartition("\x1b[2K")[2]
        lines.append(kept.rpartition("\r")[2])
    return "\n".join(lines)
