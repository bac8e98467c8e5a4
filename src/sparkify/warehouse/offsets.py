"""The offsets of topics, `etl_offsets`: moved on in the transaction that loads the messages.

A slice of a partition is loaded under a number above those of all files, as any new file is, so that the star sees what
is new. Once the star is up to date, its rows are given to the partition, which keeps one number and one row in the
manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sparkify.contract import RECORD_TYPES
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.errors import WarehouseError
from sparkify.reader.messages import as_time
from sparkify.reader.reader import FileRead, OffsetsRead
from sparkify.sources.slices import Slice
from sparkify.storage.spool import Spool
from sparkify.warehouse.bulk import load_rows, write_rows


class SliceRead(NamedTuple):
    """A slice that was read, and the number under which it is loaded."""

    part: Slice
    file_id: int
    offsets: OffsetsRead


def slices_of(reads: Sequence[FileRead]) -> list[SliceRead]:
    """The slices among what was read."""
    return [
        SliceRead(read.file, read.file_id, read.offsets)
        for read in reads
        if read.offsets is not None and isinstance(read.file, Slice)
    ]


def advance(engine: Engine, spool: Spool, run_id: int, slices: Sequence[SliceRead], known: Mapping[str, int]) -> None:
    """Move partitions on by slices that are loaded, within their transaction.

    `known` are the numbers of partitions that were read before, by URI; any other keeps the number of its first slice.

    Raises:
        WarehouseError: another run has moved a partition on; the transaction must be undone.
    """
    first = [found for found in slices if found.part.uri not in known]
    if first:
        load_rows(engine, "etl_offsets", (_first_row(found, run_id) for found in first), spool)
    if following := [found for found in slices if found.part.uri in known]:
        _load_slices(engine, spool, following, known)
        _give_to_partitions(engine)
        engine.execute_named("offsets/advance", [run_id])
        ((moved,),) = engine.execute_named("offsets/count_moved", [run_id])
        if moved != len(following):
            raise WarehouseError(
                "another etl has read on in the topic meanwhile",
                hint="Nothing of this chunk was kept. Let the other one end, and run again.",
                passes=True,
            )
        engine.execute_named("offsets/drop_slices")


def _give_to_partitions(engine: Engine) -> None:
    """Give the rows, rejects and counts of slices to their partitions."""
    for record_type in RECORD_TYPES.values():
        engine.execute_named("offsets/move_staged", relations={"staging_table": record_type.table})
    for name in ("offsets/move_rejects", "offsets/move_counts", "offsets/forget_slices"):
        engine.execute_named(name)


def set_aside(engine: Engine, slices: Sequence[SliceRead]) -> None:
    """Give partitions of a topic that was made again another URI, so that those of the new one can have theirs."""
    for part, _, _ in slices:
        before = engine.execute_named("offsets/of_another_topic", [part.uri, part.topic_id])
        for file_id, topic_id in before:
            uri = f"{part.uri}?topic_id={topic_id}"
            engine.execute_named("offsets/rename_file", [uri, file_id])
            engine.execute_named("offsets/rename_replays", [uri, part.uri])


def _load_slices(engine: Engine, spool: Spool, slices: Sequence[SliceRead], known: Mapping[str, int]) -> None:
    columns = [LoadColumn(name, "BIGINT") for name in _NUMBERS] + [LoadColumn("last_time", "TIMESTAMP")]
    engine.execute_named("offsets/create_slices")
    path = spool.path("slices")
    write_rows(path, _rows(slices, known))
    engine.append("read_slices", Rows(columns, packed=[path]))


def _rows(slices: Sequence[SliceRead], known: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for part, file_id, offsets in slices:
        yield {
            "file_id": file_id,
            "owner_file": known[part.uri],
            "from_offset": part.came_from,
            "next_offset": offsets.end,
            "tombstones": offsets.tombstones,
            "without_record": offsets.without_record,
            "lost": part.lost,
            "last_time": as_time(offsets.last_time),
        }


_NUMBERS = (
    "file_id", "owner_file", "from_offset", "next_offset", "tombstones", "without_record", "lost",
)  # fmt: skip


def _first_row(found: SliceRead, run_id: int) -> dict[str, Any]:
    part, file_id, offsets = found
    return {
        "cluster_id": part.cluster_id,
        "topic": part.topic,
        "topic_id": part.topic_id,
        "partition_no": part.partition,
        "file_id": file_id,
        "first_offset": part.begin,
        "next_offset": offsets.end,
        "tombstones": offsets.tombstones,
        "without_record": offsets.without_record,
        "lost": 0,
        "last_time": as_time(offsets.last_time),
        "run_id": run_id,
    }
