"""Amazon Redshift, by AWS's own driver; rows go in by COPY from S3.

The client reads and checks the records as for every engine, writes them as Parquet below the spool in S3, and one COPY
with a manifest takes them in. Large objects of S3 need not travel through the client: see `direct_load`. Facts about
Redshift are from AWS's documentation (docs/redshift.md says which of them were seen to hold).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import duckdb
from redshift_connector.core import Connection
from redshift_connector.cursor import Cursor

from sparkify.cluster.buckets import check_region
from sparkify.engines.base import RELATIONS, Access, Engine, Held, Item, Result, Row, Rows, T, grouped
from sparkify.engines.diagnosis import Diagnosis, State, failed
from sparkify.engines.ndjson import open_reader
from sparkify.engines.redshift.address import Address, address_in, address_of_stack, connect
from sparkify.engines.redshift.dialect import REDSHIFT
from sparkify.engines.redshift.direct_load import DirectLoad
from sparkify.engines.redshift.errors import translated
from sparkify.engines.redshift.lock import WriterLock, holder
from sparkify.engines.redshift.parquet import parquet_parts
from sparkify.engines.redshift.settings import DEFAULT_ROLE, RedshiftSettings
from sparkify.engines.redshift.spool import SpoolInS3, bucket_of, spool_in_s3
from sparkify.errors import NoWarehouse, SparkifyError, UsageError, WarehouseError
from sparkify.sources.base import SourceFile
from sparkify.sql.render import quoted
from sparkify.storage.spool import Spool

DEFAULT_SCHEMA = "public"
FETCHED_ROWS = 1000
"""How many rows are fetched at once: AWS allows no more on a cluster of a single node."""

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+(,arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)*")
"""The ARN of a role, or those of a chain, of which each acts with the next."""


_TAKEN_BY_CURSORS = re.compile(r"[\s(]*(SELECT|WITH)\b", re.IGNORECASE)
"""How a statement begins that a cursor can be declared for; EXPLAIN and SHOW are others, and a comment may be."""


def open_engine(url: str, access: Access) -> RedshiftEngine:
    """Connect to the cluster that the URL names: `redshift://USER@HOST:PORT/DATABASE`, or `redshift://?stack=NAME`.

    A workgroup of Redshift Serverless is named by its host, or by `workgroup=NAME`.

    `schema=NAME` may follow, and beats the setting. With a password, from the URL, `access` or PGPASSWORD, by that;
    without, by a temporary one that IAM gives to USER.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if "stack" in options:
        address, role = address_of_stack(options)
        access = replace(access, own={**access.own, "copy_role": access.own.get("copy_role") or role})
    else:
        address = address_in(parts, options, access)
    schema = options.get("schema") or access.schema or DEFAULT_SCHEMA
    engine = RedshiftEngine(address, schema.lower(), access)  # Redshift folds capitals, in quotes too
    try:
        engine.set_up()
    except BaseException:
        engine.close()
        raise
    return engine


class RedshiftEngine(Engine):
    """A connection to a Redshift cluster, with a schema that holds the tables."""

    dialect = REDSHIFT

    def __init__(self, address: Address, schema: str, access: Access) -> None:
        super().__init__()
        self.connection: Connection = connect(address)
        self._address = address
        self._schema = schema
        self._access = access
        self._settings = RedshiftSettings(**access.own)
        self._lock: WriterLock | None = None
        self._cursors = count(1)
        self._in_transaction = False
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._spool: SpoolInS3 | None = None
        self._run_spool: Spool | None = None
        self._spent = {"copy_seconds": 0.0, "query_seconds": 0.0}
        self._direct = DirectLoad(self.execute, self._spool_in_s3, self._role, self._direct_from)

    def set_up(self) -> None:
        """Find the schema; it is made unless it is only to be read."""
        if not self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", [self._schema]):
            if self._access.read_only:
                raise NoWarehouse(
                    f"no schema {self._schema} in the database", hint="Make it with: sparkify etl --logs … --songs …"
                )
            self.execute(f"CREATE SCHEMA {_identifier(self._schema)}")
        if self._schema != DEFAULT_SCHEMA:
            self.execute(f"SET search_path TO {_identifier(self._schema)}")

    @contextmanager
    def _statement(self, kind: Literal["copy", "query"] = "query") -> Iterator[Cursor]:
        """A cursor for one statement, whose time is added to that of its kind.

        An interrupt ends the connection, which undoes the transaction: the server may be at work for minutes yet, and
        its answer would be taken for that to the next question.
        """
        cursor = self.connection.cursor()
        cursor.paramstyle = "qmark"
        begun = time.monotonic()
        try:
            with translated(), cursor:
                yield cursor
        except (KeyboardInterrupt, SystemExit):
            with suppress(Exception):
                self.connection.close()
            raise
        finally:
            self._spent[f"{kind}_seconds"] += time.monotonic() - begun

    @property
    def spent(self) -> Mapping[str, float]:
        """Bytes written to the spool in S3, and the seconds that COPY and all other statements took."""
        return {"bytes_spooled": self._spool.bytes_written if self._spool else 0, **self._spent}

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement; without parameters the driver need not look for their places, letter by letter."""
        with self._statement("copy" if sql.startswith("COPY ") else "query") as cursor:
            cursor.execute(sql, tuple(parameters) or None)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def query(self, sql: str) -> Result:
        """Run one query."""
        with self._statement() as cursor:
            cursor.execute(sql)
            if cursor.description is None:
                raise UsageError("that returns no rows", hint='Such as: sparkify query "SELECT 1"')
            return Result(
                tuple(_name(column[0]) for column in cursor.description), [tuple(row) for row in cursor.fetchall()]
            )

    def stream(self, sql: str) -> Iterator[Result]:
        """Run a query whose rows come in batches, from a cursor that the server holds, if it takes the query.

        The driver reads all rows of a statement at once. A session has one cursor at a time: that of a stream that
        nobody reads to its end is closed too.
        """
        if not _TAKEN_BY_CURSORS.match(sql):
            yield self.query(sql)
            return
        name = f"sparkify_{next(self._cursors)}"
        with nullcontext() if self._in_transaction else self.snapshot():
            self.execute(f"DECLARE {name} CURSOR FOR {sql}")
            fetch = f"FETCH FORWARD {FETCHED_ROWS} FROM {name}"
            try:
                batch = self.query(fetch)
                yield batch
                while (batch := self.query(fetch)).rows:
                    yield batch
            except GeneratorExit:
                with suppress(WarehouseError):  # the connection or the transaction may be over
                    self.execute(f"CLOSE {name}")
                raise
            self.execute(f"CLOSE {name}")

    def _take_turn(self) -> None:
        """Before anything is written, the spool must be where COPY can read it."""
        if self._settings.copy_spool:
            check_region(bucket_of(self._settings.copy_spool), self._address.region)
        self._lock = WriterLock(self._another)

    def _end_turn(self) -> None:
        if self._lock:
            self._lock.release()
            self._lock = None

    def writer(self) -> str:
        """Who holds `etl_lock`."""
        return "" if self._lock else holder(self)

    def _another(self) -> RedshiftEngine:
        """Another connection to the same place."""
        other = RedshiftEngine(self._address, self._schema, self._access)
        try:
            other.set_up()
        except BaseException:
            other.close()
            raise
        return other

    def _begin(self, tables: Sequence[str]) -> None:
        """No table is locked: the writer holds `etl_lock`, and readers never wait."""
        self.execute("BEGIN")
        self._in_transaction = True

    def _begin_snapshot(self) -> None:
        self.execute("BEGIN READ ONLY")
        self._in_transaction = True

    def _commit(self) -> None:
        if self._lock:
            self._lock.check()
        self.execute("COMMIT")
        self._in_transaction = False

    def _rollback(self) -> None:
        """Undo the transaction; a connection that is lost has undone it."""
        if self._in_transaction:
            self._in_transaction = False
            with suppress(WarehouseError):
                self.execute("ROLLBACK")

    def use(self, own: Mapping[str, Any], spool: Spool) -> None:
        """Work with the settings of a run, and in its spool; a stack's role stays where no other is named."""
        role = own.get("copy_role") or self._settings.copy_role
        self._settings = RedshiftSettings(**{**own, "copy_role": role})
        self._direct.direct_from = self._direct_from
        self._run_spool = spool

    @property
    def _direct_from(self) -> int | None:
        """From how many bytes on an object is loaded directly; not at all where S3 is read without signing in."""
        return None if self._access.anonymous else self._settings.direct_from

    def reads_itself(self, file: SourceFile) -> bool:
        """Whether COPY is to take in a file from S3: a large one that is not compressed."""
        return self._direct.is_meant_for(file)

    def read(self, items: Sequence[Item], read_item: Callable[[Item], T]) -> Iterator[T | Held]:
        """Let COPY take in the large objects of S3; all others, and what it does not take, are read here."""
        if not any(map(self.reads_itself, (item.file for item in items))):
            yield from super().read(items, read_item)
            return
        found = [self._direct.take(item) if self.reads_itself(item.file) else None for item in items]
        here = super().read([item for item, held in zip(items, found, strict=True) if held is None], read_item)
        for held in found:
            yield next(here) if held is None else held

    @property
    def not_held(self) -> Mapping[str, str]:
        """Why objects were read here that COPY might have taken in."""
        return self._direct.refused

    def append(self, table: str, rows: Rows) -> None:
        """Write the records as Parquet below the spool in S3, and COPY them; what was loaded directly is inserted."""
        with ExitStack() as stack:
            spool = self._run_spool or stack.enter_context(Spool())
            parts, number = stack.enter_context(parquet_parts(spool, self._duckdb(), table, rows))
            if number:
                self._copy(table, parts, number)
        for file_id in rows.held:
            self._direct.insert(table, rows.columns, file_id)

    def probe(self) -> Iterator[Diagnosis]:
        """Whether COPY takes large objects in as Sparkify expects: temporary tables, and small objects in the spool."""
        try:
            refusal = self._direct.probe()
        except SparkifyError as error:
            yield failed("probe", error)
            return
        if refusal:
            way_out = "Leave direct_from unset: then this machine reads all objects, and nothing depends on it."
            yield Diagnosis("probe", State.FAILED, refusal, way_out)
        else:
            yield Diagnosis("probe", State.OK, "COPY reads objects as Sparkify expects: direct_from may be set")

    def forget_held(self) -> None:
        """Drop the temporary tables of what was loaded directly."""
        self._direct.forget()

    def _copy(self, table: str, parts: Sequence[Path], rows: int) -> None:
        with self._spool_in_s3().folder() as put:
            entries = [
                {"url": url, "mandatory": True, "meta": {"content_length": part.stat().st_size}}
                for number, part in enumerate(parts)
                for url in [put(f"{number}.parquet", part.read_bytes())]
            ]
            manifest = put("manifest", json.dumps({"entries": entries}).encode())
            self.execute(f"COPY {quoted(table)} FROM '{manifest}' IAM_ROLE {self._role()} FORMAT AS PARQUET MANIFEST")
            loaded = self.execute("SELECT pg_last_copy_count()")[0][0]
        if loaded != rows:
            raise WarehouseError(f"COPY loaded {loaded:,} of {rows:,} rows into {table}; nothing was kept")

    def _role(self) -> str:
        """The role as COPY wants it written."""
        role = self._settings.copy_role
        if role == DEFAULT_ROLE:
            return role
        if not _ROLE.fullmatch(role):
            raise UsageError(
                f"copy_role is not the ARN of an IAM role: {role!r}" if role else "copy_role is not set",
                hint="Name the role with which Redshift reads S3: arn:aws:iam::123456789012:role/NAME, a chain of "
                "them with commas between, or default for the one that is the cluster's default.",
            )
        return f"'{role}'"

    def _spool_in_s3(self) -> SpoolInS3:
        if self._spool is None:
            self._spool = spool_in_s3(self._settings.copy_spool)
            self._spool.remove_orphans()
        return self._spool

    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        if self._reader is None:
            self._reader = open_reader(self._access.memory_limit)
        return self._reader

    def table_names(self) -> set[str]:
        """The tables that are there."""
        return {
            name for (name,) in self.execute("SELECT tablename FROM pg_tables WHERE schemaname = ?", [self._schema])
        }

    def relations(self) -> dict[str, tuple[str, ...]]:
        """Everything that has a name in the schema, with its columns."""
        return grouped(self.execute(RELATIONS, [self._schema]))

    def close(self) -> None:
        """End the connection."""
        with suppress(Exception):  # it may be lost already
            self.connection.close()
        if self._reader:
            self._reader.close()


def _identifier(name: str) -> str:
    """A name as SQL: Redshift takes any character in quotes but NUL, and folds capitals."""
    return '"' + name.replace('"', '""') + '"'


def _name(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
