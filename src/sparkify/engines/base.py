"""What every engine does for the stages, and the registry of engines.

An engine does I/O and little else. Shared code asks its capabilities, never its name.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sparkify.engines.dialects import Dialect
from sparkify.errors import UsageError

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Capabilities:
    """Facts about an engine that shared code needs to know."""

    enforces_keys: bool


class Result(NamedTuple):
    """What a query returned: the names of the columns, and the rows."""

    columns: tuple[str, ...]
    rows: list[Row]


class LoadColumn(NamedTuple):
    """A column to be loaded from JSON: its name, its type in the models, and whether `""` stands for NULL."""

    name: str
    type: str
    empty_is_null: bool = False


class LoadFailed(Exception):
    """A bulk load met a line that it could not take, in the file at `path` if that is known."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path


class Engine(ABC):
    """A connection to a warehouse.

    Every method may raise WarehouseError.
    """

    dialect: Dialect
    capabilities: Capabilities

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement with `?` for parameters; all rows come back."""

    @abstractmethod
    def query(self, sql: str) -> Result:
        """Run a user's query."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction."""

    @abstractmethod
    def commit(self) -> None:
        """Commit the transaction."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo the transaction, if there is one."""

    @abstractmethod
    def load(
        self,
        table: str,
        columns: Sequence[LoadColumn],
        packed: Sequence[str] = (),
        whole: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Load newline-delimited JSON into a table.

        `packed` are paths of files with all columns. `whole` are paths of files whose lines lack the last column, a
        file_id, which is the number beside the path. Missing members are NULL.

        Raises:
            LoadFailed: a line could not be taken; the transaction must be undone.
        """

    @abstractmethod
    def table_names(self) -> set[str]:
        """The tables that are there."""

    @abstractmethod
    def close(self) -> None:
        """End the connection; a transaction that is open is undone."""


class _Entry(NamedTuple):
    module: str
    extra: str


REGISTRY: dict[str, _Entry] = {
    "duckdb": _Entry("sparkify.engines.duckdb", ""),
}
"""URL scheme: the module that holds the engine, and the extra that installs what it needs."""


def connect(url: str, *, read_only: bool = False, memory_limit: str = "") -> Engine:
    """Open a warehouse by its URL.

    Raises:
        UsageError: the URL is malformed or its scheme unknown, or a package is missing.
        WarehouseError: it cannot be opened.
    """
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
    try:
        module = importlib.import_module(entry.module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{scheme}:// needs the package {error.name}, which is not installed",
            hint=f"Install it with: pip install 'sparkify[{entry.extra}]'",
        ) from error
    engine: Engine = module.open_engine(url, read_only=read_only, memory_limit=memory_limit)
    return engine


def without_password(url: str) -> str:
    """A URL as it may be shown: the password replaced by ***."""
    head, at, tail = url.rpartition("@")
    scheme, separator, user = head.partition("://") if "://" in head else ("", "", head)
    if not at or ":" not in user:
        return url
    return f"{scheme}{separator}{user.split(':', 1)[0]}:***@{tail}"
