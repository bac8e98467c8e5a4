"""SIGINT and SIGTERM: the first one interrupts the work, and decides the exit code: 130 or 143."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

INTERRUPTED = 128 + signal.SIGINT
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 2.0
"""Seconds after the first signal in which further ones are taken for the same: several reach a group of processes."""

SAME_SIGNAL = 0.3
"""Seconds after a signal that asks for an end in which a further one is taken for the same."""


class _Received:
    """The first signal that arrived, and when."""

    number = 0
    at = 0.0
    ask: Callable[[], None] | None = None
    """What the first signal calls instead, where it asks for an end."""
    asked_at = -PATIENCE
    order = -1
    """A pipe with the numbers of all signals in the order of their arrival."""


def listen() -> None:
    """From here on the first signal raises KeyboardInterrupt; what the process was told to ignore stays ignored."""
    _keep_the_order()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _keep_the_order() -> None:
    """Let the interpreter note signals as they arrive: of several at once it calls the handlers by their numbers."""
    ends = []
    for end in os.pipe():
        os.set_blocking(end, False)
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3))  # a closed standard stream must stay closed
        os.close(end)
    _Received.order, write_end = ends
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)


def _first(number: int) -> int:
    """The signal that arrived first, given one that arrived."""
    with suppress(BlockingIOError):
        return next((first for first in os.read(_Received.order, 4096) if first in _SIGNALS), number)
    return number


def _interrupt(number: int, _frame: object) -> None:
    """Interrupt the work once. While it is being undone another signal must not interrupt that, unless it insists."""
    if _Received.ask:
        ask, _Received.ask = _Received.ask, None
        _Received.asked_at = time.monotonic()
        _first(number)  # this one does not decide the exit code
        ask()
        return
    if time.monotonic() - _Received.asked_at < SAME_SIGNAL:
        return
    if not _Received.number:
        _Received.number, _Received.at = _first(number), time.monotonic()
        raise KeyboardInterrupt
    if time.monotonic() - _Received.at > PATIENCE:
        os._exit(exit_code())


@contextmanager
def asking(ask: Callable[[], None]) -> Iterator[None]:
    """In the block the first signal calls `ask` alone; the next one interrupts the work, as the first does elsewhere.

    `ask` is called between two instructions of the program: it sets a flag, and takes no lock.
    """
    _Received.ask = ask
    try:
        yield
    finally:
        _Received.ask = None


def is_interrupted() -> bool:
    """Whether a signal has arrived, even if what it raised was lost on its way."""
    return bool(_Received.number)


def exit_code() -> int:
    """The exit code after the signal that arrived first, or after SIGINT."""
    return 128 + (_Received.number or signal.SIGINT)


def ignore() -> None:
    """The process is about to end with the code that it has: no signal may give it another."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
