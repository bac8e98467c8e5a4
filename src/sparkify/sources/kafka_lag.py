"""How far behind a reader of a topic is, as the broker says it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sparkify.sources.kafka import Topic
from sparkify.sources.kafka_client import Marks
from sparkify.sources.offsets import PartitionOffset
from sparkify.sources.slices import Slice
from sparkify.storage.spool import Spool

_OFFSETS_LOOKED_AT = 20
"""The first unread message is looked for among so many offsets: some hold none."""


class Lag(NamedTuple):
    """How far behind a partition is.

    `offsets` are still to be read. `seconds` is the age of the first unread message, None if nothing is unread or its
    time is unknown. `lost` offsets were deleted unread. `seconds_left` is when retention deletes the first unread
    message; None if never, or if the broker does not tell.
    """

    partition: int
    offsets: int
    seconds: float | None
    lost: int
    seconds_left: float | None


def lag_of(topic: Topic, known: Mapping[int, PartitionOffset]) -> list[Lag]:
    """The lag of each partition; `known` says how far partitions were read.

    Raises:
        SourceError: the broker cannot be reached, or refuses.
    """
    marks = topic.marks()
    begins = {number: known[number].next_offset if number in known else marks[number].low for number in marks}
    times = first_times(topic, marks, {number: max(begins[number], marks[number].low) for number in marks})
    retention = topic.retention_seconds()
    found = []
    for number, mark in marks.items():
        age = None if number not in times else max(0.0, time.time() - times[number] / 1000)
        left = None if age is None or retention is None else max(0.0, retention - age)
        lost = max(0, mark.low - begins[number])
        found.append(Lag(number, max(0, mark.high - max(begins[number], mark.low)), age, lost, left))
    return found


def first_times(topic: Topic, marks: Mapping[int, Marks], begins: Mapping[int, int]) -> dict[int, int]:
    """The time of the first message from an offset on, in milliseconds, for partitions that have one near to it.

    Raises:
        SourceError: messages cannot be read.
    """
    parts: Sequence[Slice] = [
        topic.part(number, begin, Marks(begin, min(begin + _OFFSETS_LOOKED_AT, marks[number].high)))
        for number, begin in begins.items()
        if begin < marks[number].high
    ]
    found: dict[int, int] = {}
    if not parts:
        return found
    with Spool() as spool:
        topic.fetch(parts, spool)
        for part in parts:
            content = topic.open(part)
            try:
                message = content.first()
            finally:
                content.close()
            if message is not None and message.time >= 0:
                found[part.partition] = message.time
        topic.release(parts)
    return found
