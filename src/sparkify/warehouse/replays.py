"""Replays: records that were given in the place of rejects.

A replay is input, as a file is. It is bound to the URI of its reject, to the hash of the reject's bytes and to its
number among the equal rejects of that file. It applies whenever a file is read that holds this reject, and its rows in
staging carry the number of that file: they go when the file goes or changes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sparkify.contract import FILE_ID, RECORD_TYPES, Kind, RecordType
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.sql import render
from sparkify.sql.definitions import REPLAY_ID, replayed_table
from sparkify.sql.dialect import Dialect
from sparkify.sql.render import columns_of
from sparkify.storage.spool import Spool
from sparkify.warehouse.bulk import load_rows, staging_columns, timestamp, write_rows
from sparkify.warehouse.reject_key import RejectKey


class OpenReject(NamedTuple):
    """A reject without a replay, and what one would be bound to: `nth` counts the equal rejects of its file from 1."""

    uri: str
    reject_no: int
    file_id: int
    kind: Kind
    raw_hash: str
    nth: int

    @property
    def key(self) -> RejectKey:
        """Its name."""
        return RejectKey(self.file_id, self.reject_no)


@dataclass(frozen=True)
class Replay:
    """The records that are given in the place of one reject, in the names of the contract."""

    reject: OpenReject
    records: Sequence[Mapping[str, Any]]


class ResolvedFile(NamedTuple):
    """A file with rejects that replays resolve; `records` is how many records those count for.

    `state` is the file's state in the manifest, now that they are resolved.
    """

    file_id: int
    records: int
    state: str


def open_rejects(engine: Engine) -> list[OpenReject]:
    """All open rejects, by file and place."""
    rows = engine.execute(render.bind(_queries(engine.dialect).open_rejects, {"first_new": 0}))
    # Sorted here: a server may order text by the rules of a language.
    return sorted(map(OpenReject._make, rows))


def keep_replays(engine: Engine, run_id: int, replays: Iterable[Replay], spool: Spool) -> None:
    """Keep replays and their records, within the transaction of the caller. `apply_replays` puts them into staging."""
    first = engine.execute("SELECT COALESCE(MAX(replay_id), 0) + 1 FROM etl_replays")[0][0]
    numbered = list(enumerate(replays, first))
    made_at = timestamp(time.time())
    load_rows(engine, "etl_replays", (_row(number, replay, made_at, run_id) for number, replay in numbered), spool)
    for kind, record_type in RECORD_TYPES.items():
        records = [
            {**record, REPLAY_ID: number}
            for number, replay in numbered
            if replay.reject.kind == kind
            for record in replay.records
        ]
        if records:
            path = spool.path("replayed")
            write_rows(path, records)
            columns = [*staging_columns(record_type)[:-1], LoadColumn(REPLAY_ID, "BIGINT")]
            engine.append(replayed_table(record_type), Rows(columns, packed=[path]))


def _row(number: int, replay: Replay, made_at: str, run_id: int) -> dict[str, Any]:
    reject = replay.reject
    return {
        REPLAY_ID: number,
        "kind": reject.kind,
        "uri": reject.uri,
        "raw_hash": reject.raw_hash,
        "nth": reject.nth,
        "records": len(replay.records),
        "made_at": made_at,
        "run_id": run_id,
    }


def apply_replays(engine: Engine, first_file: int, shift: int = 0) -> list[ResolvedFile]:
    """Resolve open rejects of files from `first_file` on that have a replay, and put its records into staging.

    The rows carry the number of the file plus `shift`. The manifest follows. The files come back that had such rejects.
    """
    queries = _queries(engine.dialect)
    numbers = {"first_new": first_file, "shift": shift}
    engine.execute(f"CREATE TEMPORARY TABLE resolved_rejects AS {render.bind(queries.resolved_rejects, numbers)}")
    if found := bool(engine.execute("SELECT 1 FROM resolved_rejects LIMIT 1")):
        for sql in (*queries.insert, *_MARK):
            engine.execute(render.bind(sql, numbers))
    rows = engine.execute(_RESOLVED) if found else []
    engine.execute("DROP TABLE resolved_rejects")
    return [ResolvedFile(file_id, int(records), state) for file_id, records, state in rows]


def give_to_files(engine: Engine, shift: int) -> None:
    """Give the rows in staging that carry the number of their file plus `shift` the number itself."""
    for record_type in RECORD_TYPES.values():
        engine.execute(f"UPDATE {record_type.table} SET file_id = file_id - {int(shift)} WHERE file_id > {int(shift)}")


_OF_FILES = (
    "SELECT t.file_id, SUM(t.records) AS records, CAST(SUM(t.replayed) AS BIGINT) AS replayed "
    "FROM resolved_rejects AS t GROUP BY t.file_id"
)
_RESOLVED = (
    f"SELECT t.file_id, t.records, f.state FROM ({_OF_FILES}) AS t JOIN etl_files AS f ON f.file_id = t.file_id "
    "ORDER BY t.file_id"
)
_MARK = (
    "UPDATE etl_rejects SET resolved_by = t.replay_id FROM resolved_rejects AS t "
    "WHERE etl_rejects.file_id = t.file_id AND etl_rejects.reject_no = t.reject_no",
    f"UPDATE etl_files SET replayed = etl_files.replayed + t.replayed FROM ({_OF_FILES}) AS t "
    "WHERE etl_files.file_id = t.file_id",
    # A file has failed no more when all that it holds is resolved; one whose content cannot be seen has no tag.
    "UPDATE etl_files SET state = 'loaded', failure = '' FROM "
    "(SELECT r.file_id, SUM(r.records) AS records FROM etl_rejects AS r WHERE r.resolved_by IS NOT NULL "
    "AND r.file_id IN (SELECT t.file_id FROM resolved_rejects AS t) GROUP BY r.file_id) AS t "
    "WHERE etl_files.file_id = t.file_id AND etl_files.state = 'failed' AND etl_files.content_tag <> '' "
    "AND etl_files.rejected = t.records",
)


class _Queries(NamedTuple):
    open_rejects: str
    resolved_rejects: str
    insert: tuple[str, ...]


@cache
def _queries(dialect: Dialect) -> _Queries:
    relations = {"numbered_rejects": render.select("replay/numbered_rejects")}
    return _Queries(
        render.render(render.select("replay/open_rejects", relations), dialect),
        render.render(render.select("replay/resolved_rejects", relations), dialect),
        tuple(_insert(record_type) for record_type in RECORD_TYPES.values()),
    )


def _insert(record_type: RecordType) -> str:
    names = tuple(field.name for field in record_type.fields)
    return (
        f"INSERT INTO {record_type.table} ({columns_of(names)}, {FILE_ID}) "
        f"SELECT {columns_of(names, 'r.')}, t.file_id + :shift FROM {replayed_table(record_type)} AS r "
        f"JOIN resolved_rejects AS t ON t.replay_id = r.replay_id"
    )
