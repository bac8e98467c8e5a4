"""The registry of engines: URL scheme to module, extra and dialect. Nothing is imported before its scheme is named."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import NamedTuple

from sparkify.engines.base import Access, Engine
from sparkify.engines.diagnosis import Diagnosis
from sparkify.engines.duckdb.dialect import DUCKDB
from sparkify.engines.postgres.dialect import POSTGRES
from sparkify.engines.redshift.dialect import REDSHIFT
from sparkify.errors import UsageError, needing
from sparkify.sql.dialect import Dialect
from sparkify.text import without_password


class _Entry(NamedTuple):
    module: str
    extra: str
    dialect: Dialect
    diagnosis: str = ""
    is_local: bool = False
    """Whether its warehouses are files of this machine."""


REGISTRY: dict[str, _Entry] = {
    "duckdb": _Entry("sparkify.engines.duckdb.engine", "", DUCKDB, is_local=True),
    "postgresql": _Entry("sparkify.engines.postgres.engine", "postgres", POSTGRES),
    "postgres": _Entry("sparkify.engines.postgres.engine", "postgres", POSTGRES),
    "redshift": _Entry("sparkify.engines.redshift.engine", "redshift", REDSHIFT, "sparkify.engines.redshift.diagnosis"),
}
"""URL scheme: the module that holds the engine, the extra that installs what it needs, its SQL, and the module that
diagnoses what it takes to open it."""


def connect(url: str, access: Access | None = None) -> Engine:
    """Open a warehouse by its URL.

    Raises:
        UsageError: the URL is malformed or its scheme unknown, or a package is missing.
        WarehouseError: it cannot be opened.
    """
    entry = _entry(url)
    with needing(f"{url.split(':')[0]}://", entry.extra):
        module = importlib.import_module(entry.module)
    engine: Engine = module.open_engine(url, access or Access())
    return engine


def local_files(url: str) -> tuple[str, ...]:
    """The files of this machine that a warehouse is kept in, and those that its engine makes beside them.

    Raises:
        UsageError: the URL is malformed, or its scheme unknown.
    """
    entry = _entry(url)
    if not entry.is_local:
        return ()
    found: tuple[str, ...] = importlib.import_module(entry.module).files_of(url)
    return found


def diagnose(url: str, access: Access) -> Iterator[Diagnosis]:
    """What doctor says of all that it takes to open a warehouse; nothing of most, or of a URL that is wrong."""
    entry = REGISTRY.get(url.split("://")[0])
    if entry and entry.diagnosis:
        yield from importlib.import_module(entry.diagnosis).diagnose(url, access)


def dialect_of(url: str) -> Dialect:
    """The SQL that a warehouse speaks.

    Raises:
        UsageError: the URL is malformed, or its scheme unknown.
    """
    return _entry(url).dialect


def _entry(url: str) -> _Entry:
    scheme = url.split("://")[0] if "://" in url else ""
    known = ", ".join(f"{name}://" for name in REGISTRY)
    if not scheme:
        raise UsageError(
            f"malformed warehouse URL: {without_password(url)}",
            hint=f"Write it as duckdb:///path/to/file.duckdb. Known schemes: {known}.",
        )
    entry = REGISTRY.get(scheme)
    if entry is None:
        raise UsageError(f"unknown kind of warehouse: {scheme}://", hint=f"Known schemes: {known}.")
    return entry
