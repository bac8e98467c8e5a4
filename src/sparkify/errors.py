"""What can go wrong, on one screen.

SparkifyError                 exit code 1: the work failed
├── SourceError               a folder or an object store; the run cannot go on
│   └── FileError             one file alone; the others can be loaded
│       ├── CannotOpen        it is gone, may not be read, or is no regular file; its rows of before stay
│       ├── KeepsChanging     it changes while it is read; its rows of before stay
│       └── Damaged           its bytes cannot be unpacked or read; its rows of before go
├── WarehouseError            the warehouse's server, file or lock
│   └── NoWarehouse           there is none yet
├── CloudError                AWS, when it is asked for a cluster
├── OutputError               standard output, a report or a file of rejects could not be written
├── CheckFailed               a blocking check found bad rows
├── UsageError                exit code 2: wrong usage or configuration
└── TooManyRejects            exit code 3: refused, more rejects than `max_rejects` allows

Any other exception ends with 1 too; SIGINT and SIGTERM end with 130 and 143. `cli/ending.py` makes a paragraph and an
exit code of all of them.

Every message says what happened, where, and what to do. None holds a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class SparkifyError(Exception):
    """Base of all errors that Sparkify raises on purpose.

    `passes` says that the same may work later, with nothing done about it: a server restarts, a reader holds the file.
    """

    exit_code = 1
    passes = False

    def __init__(self, what: str, *, hint: str = "", passes: bool = False) -> None:
        super().__init__(f"{what}\n{hint}" if hint else what)
        self.what = what
        self.hint = hint
        self.passes = passes or self.passes


class SourceError(SparkifyError):
    """A source could not be listed or read."""


def not_utf_8() -> UsageError:
    """The error for a text from the outside that UTF-8 cannot write."""
    return UsageError("an argument or a setting is not UTF-8", hint="Write it in UTF-8.")


class FileError(SourceError):
    """One file of a source cannot be read; the others can.

    `uri` is the file's canonical URI, `reason` what is wrong with it in words that can follow its name, such as `is not
    valid gzip data`. `keeps_rows` says whether rows of an earlier content stay in the warehouse: the content could not
    be seen, so it is not known to be gone.
    """

    keeps_rows = True

    def __init__(self, what: str, *, uri: str = "", reason: str = "", hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.uri = uri
        self.reason = reason


class CannotOpen(FileError):
    """A file is gone, may not be read, or is no regular file."""


class KeepsChanging(FileError):
    """A file changed again while it was read a second time."""


class Damaged(FileError):
    """A file was read, but its bytes cannot be unpacked or are no text that could hold records."""

    keeps_rows = False


class WarehouseError(SparkifyError):
    """The warehouse could not be opened, read or written."""


class NoWarehouse(WarehouseError):
    """There is no warehouse yet, and it was only to be read."""


class CloudError(SparkifyError):
    """AWS could not be reached, refused, or failed to do what it was asked for."""


class OutputError(SparkifyError):
    """What a command made could not be written."""


class CheckFailed(SparkifyError):
    """A blocking check found bad rows; the transaction was undone."""


class UsageError(SparkifyError):
    """Wrong usage or configuration; nothing was done."""

    exit_code = 2


class TooManyRejects(SparkifyError):
    """More records were rejected than `max_rejects` allows; the chunk was undone."""

    exit_code = 3


@contextmanager
def needing(what: str, extra: str = "") -> Iterator[None]:
    """What is imported in the block comes with an extra; `what` is what needs it, such as `kafka://`.

    Raises:
        UsageError: it is not installed; says which extra installs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name == __name__.partition(".")[0]:
            raise
        raise not_installed(what, [name], extra) from error


def not_installed(what: str, modules: Iterable[str], extra: str = "") -> UsageError:
    """The error of modules that are not installed, and come with an extra; with Sparkify itself if that is empty."""
    packages = ", ".join(name.replace("_", "-") for name in modules)
    install = f"pip install 'sparkify[{extra}]'" if extra else "pip install --force-reinstall sparkify"
    return UsageError(
        f"{what} needs the package {packages}, which is not installed", hint=f"Install it with: {install}"
    )
