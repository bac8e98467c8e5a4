"""Replay rejects: load fixed records in their place, or read their files again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sparkify.config.settings import Settings
from sparkify.contract import RECORD_TYPES, Kind
from sparkify.engines.base import Engine
from sparkify.errors import TooManyRejects, UsageError
from sparkify.etl.run import Run
from sparkify.etl.summary import OnProgress, Summary
from sparkify.reader.framing import split
from sparkify.reader.validation import CarefulReader, Record, Reject
from sparkify.sources.local import file_of_path
from sparkify.sources.open import opened
from sparkify.warehouse.reject_key import RejectKey
from sparkify.warehouse.replays import OpenReject, Replay, open_rejects
from sparkify.warehouse.tables import require_tables

SHOWN_FAULTS = 5
_LIST = "See them with: sparkify rejects list"


def replay_from(
    engine: Engine, settings: Settings, path: Path, rejects: Sequence[RejectKey] = (), report: OnProgress | None = None
) -> Summary:
    """Load the records in a file in the place of rejects. No source is read.

    In the place of one reject the file may hold any number of records. In the place of several it holds one for each,
    in the order of `rejects`, or of files and lines if none are named: then all open rejects are meant.

    Raises:
        UsageError: there are no such open rejects, they are of both kinds, or the numbers differ.
        TooManyRejects: a record is not fixed yet; nothing was loaded.
    """
    with engine.writing():  # a reject that is open stays open until its replay is loaded
        require_tables(engine)
        chosen = _chosen(open_rejects(engine), rejects)
        records = _records(path, chosen[0].kind)
        if len(chosen) == 1:
            replays = [Replay(chosen[0], records)]
        elif len(chosen) == len(records):
            replays = [Replay(reject, [record]) for reject, record in zip(chosen, records, strict=True)]
        else:
            raise UsageError(
                f"{path} holds {len(records):,} records for {len(chosen):,} rejects",
                hint="Give one record for each reject, in order, or name the reject after --from FILE.",
            )
        return Run(engine, settings, report=report).run_replays(replays)


def _chosen(there: Sequence[OpenReject], names: Sequence[RejectKey]) -> list[OpenReject]:
    by_key = {reject.key: reject for reject in there}
    for key in names:
        if key not in by_key:
            raise UsageError(f"there is no open reject {key}", hint=_LIST)
    if len(set(names)) < len(names):
        raise UsageError("a reject is named twice", hint="Name each reject once, in the order of the records.")
    chosen = [by_key[key] for key in names or by_key]
    kinds = {reject.kind for reject in chosen}
    if len(kinds) != 1:
        what = "there are no open rejects" if not kinds else "the rejects are of both events and songs"
        raise UsageError(what, hint=f"{_LIST}; name those that the records fix.")
    if any(not reject.raw_hash for reject in chosen):
        raise UsageError(
            "a reject was found by an older version of Sparkify, which did not keep what a replay is bound to",
            hint="Read its file again first, with: sparkify rejects replay",
        )
    return chosen


def _records(path: Path, kind: Kind) -> list[Record]:
    """All records in a file.

    Raises:
        TooManyRejects: one is not accepted.
    """
    if not path.is_file():
        raise UsageError(f"no such file: {path}", hint="Write the fixed records to a file of their own.")
    record_type = RECORD_TYPES[kind]
    reader = CarefulReader(record_type)
    with opened(file_of_path(kind, os.path.realpath(path))) as stream:
        found = list(reader.read(split(stream, str(path), record_type)))
    faults = [reject for reject in found if isinstance(reject, Reject)]
    if faults:
        shown = "".join(
            f"  line {fault.line}: {fault.field} {fault.reason}{f' ({fault.suggestion})' if fault.suggestion else ''}\n"
            for fault in faults[:SHOWN_FAULTS]
        )
        raise TooManyRejects(
            f"{len(faults):,} of {len(found):,} records in {path} are not fixed yet; nothing was loaded",
            hint=f"{shown}Fix them: every record of a replay must be accepted.",
        )
    return [record for record in found if not isinstance(record, Reject)]
