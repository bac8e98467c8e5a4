"""How far partitions of topics were read, and where reading begins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sparkify.errors import UsageError


class PartitionOffset(NamedTuple):
    """How far the warehouse has read a partition: `next_offset` is the first offset that is still to be read.

    `file_id` is the number that the partition has in the warehouse.
    """

    cluster_id: str
    topic: str
    topic_id: str
    partition: int
    next_offset: int
    file_id: int


class Start(NamedTuple):
    """Where reading begins, and which losses the user accepts.

    `from_time`, in milliseconds since the epoch, is where a topic begins that was never read. `accept_lost_offsets`
    goes on behind messages that were deleted unread; `from_beginning` reads a topic that was made again.
    """

    from_time: int | None = None
    accept_lost_offsets: bool = False
    from_beginning: bool = False

    @classmethod
    def of(
        cls, from_time: str | datetime | None = None, *, accept_lost_offsets: bool = False, from_beginning: bool = False
    ) -> Start:
        """A start with a time as users write it; without a zone it is UTC.

        Raises:
            UsageError: it is no time.
        """
        if from_time is None:
            return cls(None, accept_lost_offsets, from_beginning)
        try:
            time = from_time if isinstance(from_time, datetime) else datetime.fromisoformat(from_time)
        except ValueError as error:
            raise UsageError(f"--from-time is no time: {from_time}", hint="Write it as 2018-11-30T12:00Z.") from error
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        return cls(int(time.timestamp() * 1000), accept_lost_offsets, from_beginning)


FROM_WHERE_IT_STANDS = Start()
