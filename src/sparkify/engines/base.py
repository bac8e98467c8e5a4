"""What every engine does for the stages.

An engine does I/O and little else. Shared code asks its capabilities, never its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sparkify.contract import RecordType
from sparkify.errors import WarehouseError
from sparkify.sql.dialect import Capabilities, Dialect

Row = tuple[Any, ...]


ROWS_IN_BATCH = 10_000
"""How many rows `Engine.stream` gives at a time."""


@dataclass(frozen=True)
class Access:
    """How a warehouse is to be opened.

    `memory_limit` is for the work that DuckDB does in this process, such as 1GB; `schema` is where the tables are, in
    a warehouse that has schemas; `copy_role` (an ARN) is what Redshift reads S3 as, and `copy_spool` (s3://bucket/prefix)
    where rows lie on their way into it. `password` is one that is not in the URL; it is in no text of this.
    """

    read_only: bool = False
    memory_limit: str = ""
    schema: str = ""
    copy_role: str = ""
    copy_spool: str = ""
    password: str = field(default="", repr=False)


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


class CannotLand(Exception):
    """An object was not taken in by the warehouse itself, and must be read here; says why."""


class Conflict(WarehouseError):
    """The transaction met another one that wrote to the same tables; it was undone, and may be tried again."""


class Engine(ABC):
    """A connection to a warehouse.

    Every method may raise WarehouseError.
    """

    dialect: Dialect

    @property
    def capabilities(self) -> Capabilities:
        """Facts about the engine."""
        return self.dialect.capabilities

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement with `?` for parameters; all rows come back."""

    @abstractmethod
    def query(self, sql: str) -> Result:
        """Run a user's query."""

    @abstractmethod
    def stream(self, sql: str) -> Iterator[list[Row]]:
        """Run a query whose rows come in batches, for there may be more than memory holds."""

    @abstractmethod
    def become_writer(self) -> None:
        """Make sure that no other process writes to the warehouse until this connection ends.

        Raises:
            WarehouseError: another one does; says who.
        """

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

    def land(self, uri: str, size: int, record_type: RecordType, file_id: int) -> int:
        """Take an object of newline-delimited JSON, of `size` bytes, in from its store, outside of any transaction.

        Only where `capabilities.lands_from` names its scheme. The number of its records comes back; `load_landed` puts
        them into their table, `forget_landed` drops them.

        Raises:
            CannotLand: the warehouse does not take it, or cannot tell that all of its records are plain.
        """
        raise NotImplementedError

    def load_landed(self, table: str, columns: Sequence[LoadColumn], file_id: int) -> None:
        """Load an object that has landed into a table, whose last column is the file_id."""
        raise NotImplementedError

    def forget_landed(self) -> None:  # noqa: B027
        """Drop what has landed."""

    @abstractmethod
    def table_names(self) -> set[str]:
        """The tables that are there."""

    @abstractmethod
    def close(self) -> None:
        """End the connection; a transaction that is open is undone."""
