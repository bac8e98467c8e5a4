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

from sqlglot import exp

from sparkify.contract import RECORD_TYPES, Kind
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.sql import render
from sparkify.sql.definitions import REPLAY_ID, replayed_table
from sparkify.sql.dialect import Dialect
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
    rows = engine.execute(_open_rejects(engine.dialect))
    # Sorted here: a server may order text by the rules of a language.
    return sorted(map(OpenReject._make, rows))


def keep_replays(engine: Engine, run_id: int, replays: Iterable[Replay], spool: Spool) -> None:
    """Keep replays and their records, within the transaction of the caller. `apply_replays` puts them into staging."""
    first = engine.execute_named("replays/next_number")[0][0]
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
    query = render.select("replay/resolved_rejects", {"numbered_rejects": _numbered_rejects()})
    engine.execute_named(
        "replays/create_resolved", relations={"found_rejects": query}, literals={"first_new": first_file}
    )
    found = bool(engine.execute_named("replays/any_resolved"))
    if found:
        _stage_records(engine, shift)
        engine.execute_named("replays/mark_rejects")
        engine.execute_named("replays/count_rows")
        engine.execute_named("replays/end_failures")
    rows = engine.execute_named("replays/resolved_files") if found else []
    engine.execute_named("replays/drop_resolved")
    return [ResolvedFile(file_id, int(records), state) for file_id, records, state in rows]


def _stage_records(engine: Engine, shift: int) -> None:
    for record_type in RECORD_TYPES.values():
        engine.execute_named(
            "replays/stage",
            relations={"staging_table": record_type.table, "replayed_table": replayed_table(record_type)},
            columns={"record_columns": record_type.names},
            literals={"shift": shift},
        )


def give_to_files(engine: Engine, shift: int) -> None:
    """Give the rows in staging that carry the number of their file plus `shift` the number itself."""
    for record_type in RECORD_TYPES.values():
        engine.execute_named(
            "replays/give_to_files", relations={"staging_table": record_type.table}, literals={"shift": shift}
        )


def _numbered_rejects() -> exp.Query:
    return render.select("replay/numbered_rejects")


@cache
def _open_rejects(dialect: Dialect) -> str:
    query = render.select("replay/open_rejects", {"numbered_rejects": _numbered_rejects()})
    return render.render(query, dialect, {"first_new": 0})
