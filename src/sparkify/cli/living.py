"""One line at the foot of a terminal that says what is going on, with a clock that runs while a long step works.

The line is written to standard error, and only if that is a terminal. What is printed in the meantime is printed in a
block of `aside()`, which erases the line first; `output.say` does so. At the end nothing is left of it.

    with living_line(lambda width: "working"):
        …
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sparkify.cli.terminal import cut, width_of

SECONDS = 0.2
"""How often the line is written again."""

Render = Callable[[int], str]
"""Gives the line, which is cut to the width that it is called with."""


class _Shown:
    """The line of this process, if there is one."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.render: Render | None = None
        self.is_there = False

    def draw(self) -> None:
        with self.lock:
            if self.render is None:
                return
            width = width_of(sys.stderr) - 1  # in the last column some terminals begin a new line
            sys.stderr.write(f"\r\x1b[2K{cut(self.render(width), width)}")
            sys.stderr.flush()
            self.is_there = True

    def erase(self) -> None:
        with self.lock:
            if self.is_there:
                sys.stderr.write("\r\x1b[2K")
                sys.stderr.flush()
                self.is_there = False


_SHOWN = _Shown()


@contextmanager
def living_line(render: Render) -> Iterator[None]:
    """Show a line while the block works; nothing off a terminal, and nothing in a block within another."""
    if not sys.stderr.isatty() or _SHOWN.render:
        yield
        return
    over = threading.Event()
    _SHOWN.render = render
    clock = threading.Thread(target=_tick, args=(over,), name="living line", daemon=True)
    clock.start()
    try:
        yield
    finally:
        over.set()
        clock.join()
        _SHOWN.erase()
        _SHOWN.render = None


def _tick(over: threading.Event) -> None:
    while True:
        _SHOWN.draw()
        if over.wait(SECONDS):
            return


def redraw() -> None:
    """Write the line again now, for what a beat would miss."""
    _SHOWN.draw()


@contextmanager
def aside() -> Iterator[None]:
    """Print something else in the block; the line comes back with its next beat."""
    with _SHOWN.lock:
        _SHOWN.erase()
        yield
