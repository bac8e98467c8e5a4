"""SIGINT and SIGTERM: the first one interrupts the work, and decides the exit code: 130 or 143."""

from __future__ import annotations

import os
import signal
import time

INTERRUPTED = 128 + signal.SIGINT
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 2.0
"""Seconds after the first signal in which further ones are taken for the same: several reach a group of processes."""


class _Received:
    """The first signal that arrived, and when."""

    number = 0
    at = 0.0


def listen() -> None:
    """From here on the first signal raises KeyboardInterrupt; what the process was told to ignore stays ignored."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: object) -> None:
    """Interrupt the work once. While it is being undone another signal must not interrupt that, unless it insists."""
    if not _Received.number:
        _Received.number, _Received.at = number, time.monotonic()
        raise KeyboardInterrupt
    if time.monotonic() - _Received.at > PATIENCE:
        os._exit(exit_code())


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
