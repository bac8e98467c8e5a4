"""The one place that turns every exception into one paragraph and an exit code."""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from sparkify.cli import signals
from sparkify.cli.streams import ReaderGone
from sparkify.errors import SparkifyError, UsageError, not_utf_8

FAILED = 1
COMMITTED = "the warehouse is at its last committed chunk"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Ending(NamedTuple):
    """How a command ends that did not end well: its exit code, what to say, which may be nothing, and of which kind.

    `kind` is the name of one of `sparkify.errors`, or `Interrupted`. Of what is said, `hint` says what to do.
    """

    code: int
    said: str = ""
    kind: str = "SparkifyError"
    what: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """As a document: what `--output json` prints in the place of a result."""
        what = self.what or self.said
        found = {"kind": self.kind, "what": what, "hint": self.hint, "notes": self.notes, "exit_code": self.code}
        return {"error": found}


def ending_of(error: BaseException, arguments: list[str]) -> Ending:
    """What an exception means to the user of the command."""
    if signals.is_interrupted() or isinstance(error, KeyboardInterrupt):  # it may have become another error since
        left = "nothing of this run is left" if arguments[:1] == ["generate"] else COMMITTED
        return Ending(signals.exit_code(), f"interrupted: {left}", "Interrupted")
    if isinstance(error, ReaderGone):
        return Ending(FAILED)
    if _is_of_command_line(error):
        return _wrong_arguments(error)
    found = _as_ours(error)
    notes = tuple(getattr(error, "__notes__", ()))
    lines = [f"error: {found.what}", found.hint, *notes]
    said = "\n".join(line for line in lines if line)
    return Ending(found.exit_code, said, type(found).__name__, found.what, found.hint, notes)


def _is_of_command_line(error: BaseException) -> bool:
    """Whether typer has raised it: it brings an exit code, and a message of its own if there is something to say."""
    return hasattr(error, "exit_code") and not isinstance(error, SparkifyError)


def _wrong_arguments(error: BaseException) -> Ending:
    """What typer says of arguments; help stays as it is."""
    code: int = error.exit_code  # type: ignore[attr-defined]
    message = getattr(error, "format_message", str)()
    if not message or message.startswith("Usage:"):
        return Ending(code, message, "UsageError")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "sparkify"
    what, hint = f"{message[:1].lower()}{message[1:].rstrip('.')}", f"See: {command} --help"
    return Ending(code, f"error: {what}\n{hint}", "UsageError", what, hint)


def _as_ours(error: BaseException) -> SparkifyError:
    """An error with a message for people; those that Sparkify raises have one."""
    if isinstance(error, SparkifyError):
        return error
    if isinstance(error, EOFError) or type(error).__name__ == "Abort":
        return UsageError("there was no answer to the question, and nothing was done", hint="Answer it, or say --yes.")
    if isinstance(error, UnicodeEncodeError):
        return not_utf_8()
    if isinstance(error, MemoryError):
        return SparkifyError("there is not enough memory", hint="Lower memory_limit, or load fewer files at a time.")
    if isinstance(error, RecursionError):
        return SparkifyError("something is nested too deeply", hint="See where with --verbose.")
    if isinstance(error, OSError):
        return _of_system(error)
    return SparkifyError(
        f"something unexpected happened: {type(error).__name__}: {_first_line(error)}",
        hint="This is a fault of Sparkify: please report it, with what --verbose shows.",
    )


def _of_system(error: OSError) -> SparkifyError:
    """What the operating system refuses: a full disk, a folder that is gone, too many files."""
    reason = (error.strerror or str(error) or type(error).__name__).lower()
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    if isinstance(error, FileNotFoundError) and not _is_somewhere():
        return UsageError("the working directory does not exist any more", hint="Change to one that does.")
    if error.errno in _FULL:
        return SparkifyError(f"{where}{reason}", hint="Free some disk space, and run again.")
    return SparkifyError(f"{where}{reason}", hint="See where it happened with --verbose.")


def _is_somewhere() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "")
