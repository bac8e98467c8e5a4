"""One chunk of files into staging, rejects and manifest, within the transaction of its caller."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from sparkify.contract import RECORD_TYPES
from sparkify.engines.base import Engine, LoadColumn, LoadFailed, Rows
from sparkify.reader.batch import Batch, ReadChunk, batches, reject_paths
from sparkify.reader.reader import FileRead
from sparkify.sources.base import Resume
from sparkify.sql import render, rules
from sparkify.sql.dialect import Dialect
from sparkify.sql.statements import statement
from sparkify.sql.tree import parsed
from sparkify.storage.spool import Spool
from sparkify.warehouse import replays
from sparkify.warehouse.bulk import load_rows, load_spooled, staging_columns, timestamp, write_rows
from sparkify.warehouse.manifest import Entry


class NotCanonical(Exception):
    """Files that were read as canonical and could not be loaded so; the transaction must be undone."""

    def __init__(self, file_ids: frozenset[int]) -> None:
        super().__init__(", ".join(str(file_id) for file_id in sorted(file_ids)))
        self.file_ids = file_ids


class ChunkLoader:
    """Loads files that were read, whose numbers begin with `first_new`."""

    def __init__(self, engine: Engine, spool: Spool, run_id: int, first_new: int) -> None:
        self._engine = engine
        self._spool = spool
        self._run_id = run_id
        self._first_new = first_new
        self._has_gone = False

    def load(self, chunk: ReadChunk, recover: Callable[[Collection[int]], list[FileRead]]) -> None:
        """Load rows, rejects and manifest; `recover` reads files of the chunk carefully, those that break the contract.

        Raises:
            NotCanonical: undo the transaction, and read those files carefully.
        """
        self._load_batches(chunk.files)
        counts, broken = self._counts()
        if broken:
            self._take_back(broken)
            self._load_batches(recover(broken))
            counts, _ = self._counts()
        if paths := reject_paths(chunk.files):
            load_spooled(self._engine, "etl_rejects", paths)
        load_rows(self._engine, "etl_files", self._manifest_rows(chunk.files, counts), self._spool)

    def forget(self, gone: Sequence[Entry]) -> None:
        """Take gone files out of the metadata tables; the transform takes their rows out of staging."""
        self._has_gone = True
        self._engine.execute_named("manifest/create_gone_files")
        path = self._spool.path("gone")
        write_rows(path, ({"file_id": entry.file_id} for entry in gone))
        self._engine.append("gone_files", Rows([LoadColumn("file_id", "BIGINT")], packed=[path]))
        for name in ("etl_files", "etl_rejects"):
            self._engine.execute_named("manifest/forget_gone_files", relations={"metadata_table": name})

    def apply_replays(self, chunk: ReadChunk) -> None:
        """Put the records of replays in the place of the rejects that they are bound to; they may end a failure."""
        if not chunk.has_rejects:
            return
        for resolved in replays.apply_replays(self._engine, self._first_new):
            chunk.resolve(resolved.file_id, resolved.records, is_failure=resolved.state == "failed")

    def keep(self, unseen: Iterable[tuple[Entry, str]]) -> None:
        """Say of files whose content could not be seen why that is; their rows stay, and they are read by every run."""
        for entry, failure in unseen:
            self._engine.execute_named("manifest/fail", [failure, entry.file_id])

    def drop_temporary(self) -> None:
        """Drop what `forget` left for the transform."""
        if self._has_gone:
            self._has_gone = False
            self._engine.execute_named("manifest/drop_gone_files")

    def _load_batches(self, files: Sequence[FileRead]) -> None:
        for batch in batches(files):
            columns = staging_columns(batch.record_type, of_messages=batch.of_messages)
            rows = Rows(columns, batch.packed, batch.whole, batch.held, batch.has_topic_form)
            try:
                self._engine.append(batch.record_type.table, rows)
            except LoadFailed as failure:
                raise _not_canonical(failure, batch, files) from failure

    def _counts(self) -> tuple[dict[int, int], set[int]]:
        """Rows in staging of every new file, and the new files with rows that break the contract."""
        queries = (render.bind(sql, {"first_new": self._first_new}) for sql in count_queries(self._engine.dialect))
        rows = [row for sql in queries for row in self._engine.execute(sql)]
        return {file_id: count for file_id, count, _ in rows}, {file_id for file_id, _, faults in rows if faults}

    def _take_back(self, file_ids: set[int]) -> None:
        for record_type in RECORD_TYPES.values():
            self._engine.execute_named(
                "manifest/take_back",
                relations={"staging_table": record_type.table},
                literals={"file_ids": sorted(file_ids)},
            )

    def _manifest_rows(self, files: Iterable[FileRead], counts: dict[int, int]) -> Iterator[dict[str, Any]]:
        for read in files:
            yield {
                "file_id": read.file_id,
                "kind": read.file.kind,
                "uri": read.file.uri,
                "size_bytes": read.size,
                "content_tag": read.tag,
                "content_hash": read.hash,
                "read_at": timestamp(read.read_at),
                "records": read.records,
                "loaded": counts.get(read.file_id, 0),
                "rejected": read.rejected,
                "replayed": 0,
                "state": "failed" if read.failure else "loaded",
                "failure": read.failure,
                "run_id": self._run_id,
                **_resume(read.resume),
            }


def _resume(place: Resume | None) -> dict[str, int]:
    offset, line, opened = place or Resume()
    return {"resume_offset": offset, "resume_line": line, "resume_opened": opened}


def _not_canonical(failure: LoadFailed, batch: Batch, files: Iterable[FileRead]) -> NotCanonical:
    """Which files may have made a bulk load fail: the one that it names, or all that it may mean."""
    of_kind = [read for read in files if read.file.kind == batch.record_type.kind and not read.is_careful]
    named = [read for read in of_kind if read.path == failure.path]
    suspects = named or of_kind
    if not suspects:  # records that were checked one by one are never refused
        raise failure
    return NotCanonical(frozenset(read.file_id for read in suspects))


@cache
def count_queries(dialect: Dialect) -> tuple[str, ...]:
    """For each staging table: file_id, rows, and rows that break the contract, for files from `:first_new` on."""
    return tuple(
        statement(
            "manifest/count_staged",
            dialect,
            relations={"staging_table": record_type.table},
            columns={"breaks_contract": parsed(rules.broken_contract(record_type))},
        )
        for record_type in RECORD_TYPES.values()
    )
