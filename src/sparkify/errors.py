"""What can go wrong, on one screen.

SparkifyError                 exit code 1: the work failed
├── SourceError               a folder, a file or an object store
├── WarehouseError            the warehouse's server, file or lock
│   └── NoWarehouse           there is none yet
├── CloudError                AWS, when it is asked for a cluster
├── CheckFailed               a blocking check found bad rows
├── UsageError                exit code 2: wrong usage or configuration
└── TooManyRejects            exit code 3: refused, more rejects than `max_rejects` allows

Every message says what happened, where, and what to do. None holds a secret.
"""

from __future__ import annotations


class SparkifyError(Exception):
    """Base of all errors that Sparkify raises on purpose."""

    exit_code = 1

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(f"{what}\n{hint}" if hint else what)
        self.what = what
        self.hint = hint


class SourceError(SparkifyError):
    """A source could not be listed or read."""


class WarehouseError(SparkifyError):
    """The warehouse could not be opened, read or written."""


class NoWarehouse(WarehouseError):
    """There is no warehouse yet, and it was only to be read."""


class CloudError(SparkifyError):
    """AWS could not be reached, refused, or failed to do what it was asked for."""


class CheckFailed(SparkifyError):
    """A blocking check found bad rows; the transaction was undone."""


class UsageError(SparkifyError):
    """Wrong usage or configuration; nothing was done."""

    exit_code = 2


class TooManyRejects(SparkifyError):
    """More records were rejected than `max_rejects` allows; the chunk was undone."""

    exit_code = 3
