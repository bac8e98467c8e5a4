"""The rejects of a run that is refused, of which there may be more than memory holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import NoReturn

from sparkify.engines.base import Engine, Row
from sparkify.errors import TooManyRejects
from sparkify.sources.base import shown
from sparkify.storage.output_file import OutputFile

PAGE = 5_000
"""How many rejects are held in memory at a time."""
SHOWN = 5
_NAMES = ("file", "line", "byte_offset", "field", "reason", "suggestion", "raw_text")


def rejects_of_run(engine: Engine, run_id: int) -> Iterator[Row]:
    """The rejects of a run, those of failed files apart, by file and place.

    Each is its URI, line, byte offset, field, reason, suggestion and raw text.

    They come in pages, and within the transaction that wrote them.
    """
    files = engine.execute_named("rejects/files_of_run", [run_id])
    for file_id, uri in sorted(files, key=lambda file: str(file[1])):
        last = -1
        while page := engine.execute_named("rejects/page_of_file", [file_id, last], literals={"most": PAGE}):
            for *row, _ in page:
                yield shown(uri), *row
            last = page[-1][-1]


def write_rejects(engine: Engine, run_id: int, output: OutputFile) -> None:
    """Write the rejects of a run as lines of JSON."""
    with output.open() as out:
        for row in rejects_of_run(engine, run_id):
            out.write(json.dumps(dict(zip(_NAMES, row, strict=True))).encode() + b"\n")


def first_rejects(engine: Engine, run_id: int) -> str:
    """The first rejects of a run, a line each with the way out if there is one, and how many more there are."""
    first = islice(rejects_of_run(engine, run_id), SHOWN)
    lines = "".join(f"  {_in_a_line(row)}\n" for row in first)
    ((number,),) = engine.execute_named("rejects/count_of_run", [run_id])
    return lines + (f"  and {number - SHOWN:,} more\n" if number > SHOWN else "")


def _in_a_line(row: Row) -> str:
    uri, line, offset, where, reason, suggestion, _ = row
    place = f"line {line}" if line else f"offset {offset}"
    return f"{uri}, {place}: {where} {reason}{f' ({suggestion})' if suggestion else ''}"


def refuse(engine: Engine, run_id: int, share: str, limit: str, output: OutputFile | None) -> NoReturn:
    """End a run of which more records were rejected than `limit` allows; `share` is how many of how many.

    Raises:
        TooManyRejects: always; its hint shows the first rejects. All of them are written to `output`, if there is one.
    """
    if output:
        write_rejects(engine, run_id, output)
    raise TooManyRejects(
        f"{share} records were rejected; max_rejects allows {limit}",
        hint=f"{first_rejects(engine, run_id)}Fix the files, or allow more with --max-rejects.",
    )
