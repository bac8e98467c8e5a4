"""The rejects of a run that is refused, of which there may be more than memory holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from sparkify.engines.base import Engine, Row
from sparkify.sources.base import shown
from sparkify.storage.output_file import OutputFile

PAGE = 5_000
"""How many rejects are held in memory at a time."""
SHOWN = 5
_NAMES = ("file", "line", "byte_offset", "field", "reason", "suggestion", "raw_text")


def rejects_of_run(engine: Engine, run_id: int) -> Iterator[Row]:
    """The rejects of a run, by file and place: URI, line, byte offset, field, reason, suggestion, raw text.

    They come in pages, and within the transaction that wrote them.
    """
    files = engine.execute("SELECT file_id, uri FROM etl_files WHERE run_id = ? AND rejected > 0", [run_id])
    for file_id, uri in sorted(files, key=lambda file: str(file[1])):
        last = -1
        while page := engine.execute(
            "SELECT line, byte_offset, field, reason, suggestion, raw_text FROM etl_rejects "
            f"WHERE file_id = ? AND byte_offset > ? ORDER BY byte_offset LIMIT {PAGE}",
            [file_id, last],
        ):
            for row in page:
                yield shown(uri), *row
            last = page[-1][1]


def write_rejects(engine: Engine, run_id: int, output: OutputFile) -> None:
    """Write the rejects of a run as lines of JSON."""
    with output.open() as out:
        for row in rejects_of_run(engine, run_id):
            out.write(json.dumps(dict(zip(_NAMES, row, strict=True))).encode() + b"\n")


def first_rejects(engine: Engine, run_id: int, rejected: int) -> str:
    """The first rejects of a run, a line each, and how many more of all that were `rejected` there are."""
    first = islice(rejects_of_run(engine, run_id), SHOWN)
    lines = "".join(f"  {uri}, line {line}: {where} {reason}\n" for uri, line, _, where, reason, *_ in first)
    return lines + (f"  and {rejected - SHOWN:,} more\n" if rejected > SHOWN else "")
