"""What every engine does for the steps of a run.

An engine does I/O and little else. Shared code asks its capabilities, never its name; what one engine alone does is a
hook of its dialect (`sparkify.sql.dialect`), and settings of one engine are declared in its folder.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeVar

from sparkify.engines.diagnosis import Diagnosis, State
from sparkify.errors import WarehouseError
from sparkify.sources.base import SourceFile
from sparkify.sql.dialect import Capabilities, Dialect
from sparkify.sql.reading import checked_reading
from sparkify.sql.statements import Columns, Literals, statement
from sparkify.sql.tree import Relations
from sparkify.storage.spool import Spool

Row = tuple[Any, ...]
T = TypeVar("T")

ROWS_IN_BATCH = 10_000
"""How many rows `Engine.stream` gives at a time."""


@dataclass(frozen=True)
class Access:
    """How a warehouse is to be opened.

    `memory_limit` is for the work that DuckDB does in this process, such as 1GB; `schema` is where the tables are, in
    a warehouse that has schemas; `anonymous` says that object stores are read without signing in. `own` holds the
    settings that engines declare for themselves, by name (`sparkify.engines.settings`). `password` is one that is not
    in the URL; it is in no text of this.
    """

    read_only: bool = False
    memory_limit: str = ""
    schema: str = ""
    anonymous: bool = False
    own: Mapping[str, Any] = field(default_factory=dict)
    password: str = field(default="", repr=False)


class Result(NamedTuple):
    """What a query returned: the names of the columns, and the rows."""

    columns: tuple[str, ...]
    rows: list[Row]


Form = Literal["csv", "json", "jsonl", "parquet"]
"""Forms that an engine may write an answer in by itself."""


class LoadColumn(NamedTuple):
    """A column to be loaded from JSON: its name, its type in the models, and whether `""` stands for NULL."""

    name: str
    type: str
    empty_is_null: bool = False


class Item(NamedTuple):
    """A file to be read, and the number that it has in the manifest."""

    file: SourceFile
    file_id: int


class Held(NamedTuple):
    """An item whose rows the engine holds already: they did not pass through this process.

    `file` is the file as it was read, `records` is how many records it has; all of them were accepted. Its file_id
    among `Rows.held` appends the rows to a table.
    """

    file: SourceFile
    file_id: int
    records: int


class Rows(NamedTuple):
    """Rows that were read, ready for one bulk load: newline-delimited JSON, in which missing members are NULL.

    `packed` are paths of files whose lines have all columns. `whole` are paths of files whose lines lack the last
    column, a file_id, which is the number beside the path. `held` are the file_ids of items that the engine holds.
    `has_topic_form` says that some lines are events of the topic form, whose members have other names.
    """

    columns: Sequence[LoadColumn]
    packed: Sequence[str] = ()
    whole: Sequence[tuple[str, int]] = ()
    held: Sequence[int] = ()
    has_topic_form: bool = False


class LoadFailed(Exception):
    """A bulk load met a line that it could not take, in the file at `path` if that is known."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path


class Conflict(WarehouseError):
    """The transaction met another one that wrote to the same tables; it was undone, and may be tried again."""

    passes = True


def another_run(who: str) -> WarehouseError:
    """The error of the second writer."""
    return WarehouseError(
        f"another run is at work in the warehouse: {who}",
        hint="Wait until it ends, or end it there; then run again.",
        passes=True,
    )


RELATIONS = (
    'SELECT c.relname, LOWER(a.attname) FROM pg_class AS c JOIN pg_namespace AS n ON n."oid" = c.relnamespace '
    'LEFT JOIN pg_attribute AS a ON a.attrelid = c."oid" AND a.attnum > 0 AND NOT a.attisdropped '
    "WHERE n.nspname = ? ORDER BY c.relname, a.attnum"
)
"""What `Engine.relations` asks the catalogue that PostgreSQL and Redshift have in common, for one schema."""


def grouped(rows: Iterable[tuple[str, str | None]]) -> dict[str, tuple[str, ...]]:
    """Columns by table, from rows of a table and a column, NULL if the table has none."""
    found: dict[str, tuple[str, ...]] = {}
    for table, column in rows:
        found[table] = (*found.get(table, ()), *([column] if column else []))
    return found


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
        """Run one rendered statement with `?` for parameters; all rows come back."""

    def execute_named(
        self,
        path: str,
        parameters: Sequence[object] = (),
        *,
        relations: Relations | None = None,
        columns: Columns | None = None,
        literals: Literals | None = None,
    ) -> list[Row]:
        """Run a statement of sql/statements/, such as `manifest/state`; see `sparkify.sql.statements`."""
        sql = statement(path, self.dialect, relations=relations, columns=columns, literals=literals)
        return self.execute(sql, parameters)

    def ask(self, sql: str) -> Result:
        """Run a user's query: one statement that only reads, in a transaction that can do nothing else.

        Raises:
            UsageError: it is several statements, or one that can write.
        """
        statement = checked_reading(sql, self.dialect)
        with self.snapshot():
            return self.query(statement)

    @abstractmethod
    def query(self, sql: str) -> Result:
        """Run one query; its rows come back with the names of their columns."""

    def ask_in_batches(self, sql: str) -> Iterator[Result]:
        """Run a user's query as `ask` does; its rows come in batches, as those of `stream` do.

        Raises:
            UsageError: it is several statements, or one that can write.
        """
        statement = checked_reading(sql, self.dialect)
        with self.snapshot():
            yield from self.stream(statement)

    def export(self, sql: str, form: Form, write: Callable[[bytes], object]) -> int | None:
        """Write the answer to a user's query in a form, in UTF-8, by the engine's own writer, and count its rows.

        None comes back, and nothing is written, where the engine has no writer for this form, or for these types: then
        `ask_in_batches` gives the rows. What the engine writes is, byte for byte, what `sparkify.reports.forms` writes
        of those rows, but for Parquet.

        Raises:
            UsageError: it is several statements, or one that can write.
        """
        return None

    @abstractmethod
    def stream(self, sql: str) -> Iterator[Result]:
        """Run a query whose rows come in batches, for there may be more than memory holds; at least one batch comes."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._writing_thread: int | None = None
        self._in_snapshot = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """This connection is the only writer in the block; one within another, in the same thread, changes nothing.

        Raises:
            WarehouseError: another run is at work; says which.
        """
        me = threading.get_ident()
        if self._writing_thread == me:
            yield
            return
        if not self._turn.acquire(blocking=False):
            raise another_run("in another thread of this process")
        try:
            self._take_turn()
            self._writing_thread = me
            try:
                yield
            finally:
                self._writing_thread = None
                self._end_turn()
        finally:
            self._turn.release()

    @abstractmethod
    def _take_turn(self) -> None:
        """Be the only writer until `_end_turn` or the end of the connection, or raise `another_run`."""

    @abstractmethod
    def _end_turn(self) -> None:
        """Let others write; raises nothing if the connection is lost."""

    @abstractmethod
    def writer(self) -> str:
        """Who else writes to the warehouse at the moment; empty if nobody does. It does not wait."""

    def diagnose(self) -> Iterator[Diagnosis]:
        """What doctor says of an open warehouse."""
        who = self.writer()
        yield Diagnosis("writer", State.OK, f"another run is at work: {who}" if who else "no run is at work")

    def probe(self) -> Iterator[Diagnosis]:
        """What doctor says on request of what documentation leaves open: it is tried, and nothing of it stays."""
        yield Diagnosis("probe", State.SKIPPED, "nothing about this kind of warehouse needs a probe")

    @contextmanager
    def transaction(self, tables: Sequence[str] = ()) -> Iterator[None]:
        """A transaction: committed at the end of the block, undone if anything is raised in it.

        `tables` are those that it may write to, for an engine that has to know them before; none means any.

        Raises:
            Conflict: another one wrote to the same tables; nothing was kept, and the block may be tried again.
        """
        try:
            self._begin(tables)
            yield
            self._commit()
        except BaseException:
            self._rollback()
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Whatever is read in the block is the state of one moment; nothing can be written in it.

        A block within another is part of it.
        """
        if self._in_snapshot:
            yield
            return
        self._begin_snapshot()
        self._in_snapshot = True
        try:
            yield
        finally:
            self._in_snapshot = False
            self._rollback()

    @abstractmethod
    def _begin(self, tables: Sequence[str]) -> None:
        """Begin a transaction that writes."""

    @abstractmethod
    def _begin_snapshot(self) -> None:
        """Begin a transaction that only reads, and sees one moment."""

    @abstractmethod
    def _commit(self) -> None:
        """Commit the transaction."""

    @abstractmethod
    def _rollback(self) -> None:
        """Undo the transaction, if there is one; raises nothing if the connection is lost."""

    def use(self, own: Mapping[str, Any], spool: Spool) -> None:  # noqa: B027
        """Work with the settings of a run that engines declare for themselves, and put files into its spool."""

    def reads_itself(self, file: SourceFile) -> bool:
        """Whether `read` is likely to read a file where it is: no copy of it on this machine is needed."""
        return False

    def read(self, items: Sequence[Item], read_item: Callable[[Item], T]) -> Iterator[T | Held]:
        """Read items, outside of any transaction; what comes back is in their order.

        `read_item` and the items can be pickled: an engine may call it on another machine. It may also read an item
        without it, and give Held. By default threads of this process do it.
        """

        def read_some(some: Sequence[Item]) -> list[T]:
            return [read_item(item) for item in some]

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            yield from chain.from_iterable(threads.map(read_some, _groups(items)))

    @property
    def not_held(self) -> Mapping[str, str]:
        """Why items that `reads_itself` had promised were read by `read_item` after all: reasons by URI."""
        return {}

    @abstractmethod
    def append(self, table: str, rows: Rows) -> None:
        """Add rows to a table, within a transaction.

        Raises:
            LoadFailed: a line could not be taken; the transaction must be undone.
        """

    @property
    def spent(self) -> Mapping[str, float]:
        """What the work so far has cost by the engine's own measure, by name: bytes and seconds that are paid for."""
        return {}

    def forget_held(self) -> None:  # noqa: B027
        """Drop the rows of all items that the engine holds."""

    @abstractmethod
    def table_names(self) -> set[str]:
        """The tables that are there."""

    @abstractmethod
    def relations(self) -> dict[str, tuple[str, ...]]:
        """Everything that has a name where the tables are, views too, with the names of its columns in lower case."""

    @abstractmethod
    def close(self) -> None:
        """End the connection; a transaction that is open is undone."""


ITEMS_IN_GROUP, BYTES_IN_GROUP = 64, 1024 * 1024


def _groups(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items to be read one after another: to hand a file of one record to a thread takes longer than to read it."""
    group: list[Item] = []
    size = 0
    for item in items:
        group.append(item)
        size += item.file.unread
        if len(group) == ITEMS_IN_GROUP or size >= BYTES_IN_GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group
