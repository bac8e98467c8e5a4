"""Files that have grown: what follows the part that is known is added to them, in the transaction that loads it.

As a slice of a topic it is loaded under a number above those of all files, so that the star sees what is new. Once the
star is up to date, its rows are given to the file, which keeps its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sparkify.contract import RECORD_TYPES
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.reader.reader import FileRead
from sparkify.sources.base import Grown
from sparkify.storage.spool import Spool
from sparkify.warehouse.bulk import write_rows


class GrownRead(NamedTuple):
    """What follows the known part of a file, and the number under which it is loaded."""

    file: Grown
    file_id: int


def grown_among(reads: Sequence[FileRead]) -> list[GrownRead]:
    """The files that have grown among what was read."""
    return [GrownRead(read.file, read.file_id) for read in reads if isinstance(read.file, Grown)]


def forget_read_again(engine: Engine, spool: Spool, grown: Sequence[GrownRead]) -> int:
    """Take out the rejects behind the known part, which were read again; how many records they stand for comes back."""
    if not grown:
        return 0
    engine.execute_named("growth/create_grown")
    path = spool.path("grown")
    write_rows(
        path,
        (
            {"file_id": file_id, "owner_file": file.file_id, "resume_offset": file.resume.offset}
            for file, file_id in grown
        ),
    )
    columns = [LoadColumn(name, "BIGINT") for name in ("file_id", "owner_file", "resume_offset")]
    engine.append("grown_files", Rows(columns, packed=[path]))
    ((records,),) = engine.execute_named("growth/count_read_again")
    engine.execute_named("growth/forget_read_again")
    return int(records)


def give_to_grown(engine: Engine, grown: Sequence[GrownRead]) -> None:
    """Give rows, rejects and counts of what was added to the files."""
    if not grown:
        return
    relations = {"read_slices": "grown_files"}
    for kind in sorted({file.kind for file, _ in grown}):
        table = RECORD_TYPES[kind].table
        engine.execute_named("offsets/move_staged", relations={**relations, "staging_table": table})
    engine.execute_named("growth/move_counts")
    engine.execute_named("growth/move_rejects")
    engine.execute_named("offsets/forget_slices", relations=relations)
    engine.execute_named("growth/drop_grown")
