"""What a PostgreSQL server says of an error, as ours, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import psycopg

from sparkify.engines.base import LoadFailed, Row
from sparkify.errors import UsageError, WarehouseError


def explain_connect(name: str, error: psycopg.Error) -> NoReturn:
    """Raise WarehouseError for a connection to the server `name` that could not be made."""
    text = " ".join(str(error).split())
    hints = (
        ("password authentication failed", "Give the password in PGPASSWORD, in ~/.pgpass or in a service file."),
        ("no password supplied", "Give the password in PGPASSWORD, in ~/.pgpass or in a service file."),
        ("does not exist", "Check the name; make a database with: createdb NAME"),
        ("certificate", "Check sslmode and sslrootcert."),
        ("SSL", "Check sslmode."),
        ("timeout", "Check host and port, and whether a firewall is between."),
    )
    hint = next((hint for sign, hint in hints if sign in text), "")
    raise WarehouseError(
        f"cannot connect to PostgreSQL at {name}: {text}",
        hint=hint or "Check host and port, and whether the server runs.",
        passes=not hint or "timeout" in text,
    ) from error


@contextmanager
def refusals() -> Iterator[None]:
    """Make LoadFailed of what the server says of a row that lacks a value: DuckDB's reader has let it pass."""
    try:
        yield
    except psycopg.errors.NotNullViolation as error:
        raise LoadFailed("", str(error).splitlines()[0]) from error


@contextmanager
def translated(connection: psycopg.Connection[Row]) -> Iterator[None]:
    """Make WarehouseError of what goes wrong on a connection."""
    try:
        yield
    except psycopg.Error as error:
        raise _failed(connection, error) from error
    except UnicodeEncodeError as error:
        raise UsageError("a text holds what UTF-8 cannot write", hint="Write it in UTF-8.") from error


_LOST = (
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.IdleSessionTimeout,
)

_PASSING = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.TooManyConnections,
)
"""Errors that other sessions cause."""


def _failed(connection: psycopg.Connection[Row], error: psycopg.Error) -> WarehouseError:
    text = str(error).strip()
    if connection.closed or isinstance(error, _LOST):
        return WarehouseError(
            f"the connection to PostgreSQL was lost: {' '.join(text.split())}",
            hint="What was committed is there; run again, and the rest is loaded.",
            passes=True,
        )
    hint = _hint(error)
    if hint:  # the server's own may be beside the point
        text = "\n".join(line for line in text.splitlines() if not line.startswith("HINT:"))
    return WarehouseError(f"PostgreSQL: {text}", hint=hint, passes=isinstance(error, _PASSING))


RIGHTS = (
    "To read, a user needs USAGE on the schema and SELECT on its tables; to load, CREATE and USAGE on the schema, "
    "TEMPORARY on the database, and to own the tables."
)
_HINTS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (psycopg.errors.InsufficientPrivilege, RIGHTS),
    (psycopg.errors.DiskFull, "Free some disk space on the server, and run again."),
    (
        psycopg.errors.ProgramLimitExceeded,
        "PostgreSQL cannot keep an id longer than about 2,700 bytes as a key: fix the file that holds it.",
    ),
    (
        psycopg.errors.LockNotAvailable,
        "Another session holds a lock on a table (see pg_stat_activity): end it, and run again.",
    ),
    (psycopg.errors.DeadlockDetected, "Another session waits for this one and locks what it needs: run again."),
    (psycopg.errors.QueryCanceled, "The user may have a statement_timeout that is too short for a load."),
    (
        psycopg.errors.DependentObjectsStillExist,
        "Something of your own refers to Sparkify's tables: drop it first, and make it again afterwards.",
    ),
    (psycopg.errors.ReadOnlySqlTransaction, "Only reading is possible here: load into the primary server, with etl."),
)


def _hint(error: psycopg.Error) -> str:
    return next((hint for kind, hint in _HINTS if isinstance(error, kind)), "")
