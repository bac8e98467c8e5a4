"""Load fixed lines in the place of rejects."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sparkify.config.settings import MaxRejects, Settings
from sparkify.contract import Kind
from sparkify.engines.base import Engine
from sparkify.errors import UsageError
from sparkify.etl.run import Run
from sparkify.etl.summary import OnProgress, Summary
from sparkify.reader.framing import split
from sparkify.sources.base import SourceFile
from sparkify.sources.local import file_of_path
from sparkify.sources.open import opened
from sparkify.warehouse.reject_key import RejectKey
from sparkify.warehouse.tables import require_tables


def replay_from(
    engine: Engine, settings: Settings, path: Path, rejects: Sequence[RejectKey] = (), report: OnProgress | None = None
) -> Summary:
    """Load the fixed lines in a file, and mark the rejects that they resolve.

    The file becomes one of the manifest's. It holds one record for each of `rejects`, in their order; without them,
    one for every open reject, in the order of files and lines.

    Raises:
        UsageError: there are no such open rejects, they are of both kinds, or the numbers differ.
        TooManyRejects: a line is not fixed yet; nothing was loaded.
    """
    require_tables(engine)
    found = _open_rejects(engine, rejects)
    kinds = set(found.values())
    if len(kinds) != 1:
        what = "there are no open rejects" if not kinds else "the rejects are of both events and songs"
        raise UsageError(what, hint="See them with: sparkify rejects list; name those that the lines fix.")
    file = _source_file(path, kinds.pop())
    if engine.execute("SELECT 1 FROM etl_files WHERE uri = ?", [file.uri]):
        raise UsageError(f"{path} has been loaded already", hint="Write further fixed lines to another file.")
    with opened(file) as stream:
        records = sum(1 for _ in split(stream, str(path)))
    if records != len(found):
        raise UsageError(
            f"{path} holds {records:,} records for {len(found):,} rejects",
            hint="Give one record for each reject, in order, or name the rejects after --from FILE.",
        )
    strict = settings.model_copy(update={"max_rejects": MaxRejects(0, 0.0)})
    return Run(engine, strict, report=report).run_replay(file, list(found))


def _open_rejects(engine: Engine, rejects: Sequence[RejectKey]) -> dict[RejectKey, Kind]:
    rows = engine.execute(
        "SELECT f.uri, r.byte_offset, r.file_id, r.reject_no, f.kind FROM etl_rejects AS r "
        "JOIN etl_files AS f ON f.file_id = r.file_id WHERE r.resolved_by IS NULL"
    )
    # Sorted here: a server may order text by the rules of a language.
    kinds: dict[RejectKey, Kind] = {RejectKey(*key): kind for _, _, *key, kind in sorted(rows)}
    for key in rejects:
        if key not in kinds:
            raise UsageError(f"there is no open reject {key}", hint="See them with: sparkify rejects list")
    return {key: kinds[key] for key in rejects or kinds}


def _source_file(path: Path, kind: Kind) -> SourceFile:
    if not path.is_file():
        raise UsageError(f"no such file: {path}", hint="Write the fixed lines to a file of their own.")
    return file_of_path(kind, os.path.realpath(path))
