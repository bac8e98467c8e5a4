"""What can be wrong with a topic, said with its numbers and with the flag that accepts it."""

from __future__ import annotations

from collections.abc import Sequence

from sparkify.errors import SourceError
from sparkify.sources.kafka_client import Marks, TopicState
from sparkify.sources.offsets import PartitionOffset
from sparkify.storage.kafka import TopicAddress

_AGAIN = (
    "What was loaded stays. sparkify etl --from-beginning reads the topic that is there now from its beginning, beside "
    "what was loaded of the one before."
)


def topic_made_again(address: TopicAddress, known: PartitionOffset, state: TopicState) -> SourceError:
    """The topic was deleted and created again: the offsets of before mean nothing in it."""
    return SourceError(
        f"topic {address.topic} at {address.servers} was made again: its id is {state.topic_id}, and the "
        f"warehouse read {known.topic_id} (partition {known.partition} up to offset {known.next_offset:,})",
        hint=_AGAIN,
    )


def cluster_made_again(address: TopicAddress, known: PartitionOffset, state: TopicState) -> SourceError:
    """Another cluster answers at this address."""
    return SourceError(
        f"another Kafka cluster answers at {address.servers}: its id is {state.cluster_id}, and the warehouse "
        f"read topic {address.topic} from {known.cluster_id}",
        hint=f"Check the address. {_AGAIN}",
    )


def lost_offsets(address: TopicAddress, known: PartitionOffset, marks: Marks) -> SourceError:
    """Messages that were not read yet are gone; or the partition ends before the place up to which it was read."""
    where = f"topic {address.topic} at {address.servers}, partition {known.partition}"
    if known.next_offset > marks.high:
        return SourceError(
            f"{where}: it ends at offset {marks.high:,}, and was read up to {known.next_offset:,} before",
            hint="The broker has lost messages that were loaded. Ask its operators; Sparkify reads no offset twice.",
        )
    lost = marks.low - known.next_offset
    return SourceError(
        f"{where}: {lost:,} offsets were deleted before they were read, from {known.next_offset:,} "
        f"to {marks.low - 1:,}",
        hint="Retention or DeleteRecords removed them. sparkify etl --accept-lost-offsets goes on behind them, and "
        "writes that to the history; a longer retention.ms keeps messages until they are read.",
    )


def partition_gone(address: TopicAddress, partitions: Sequence[int]) -> SourceError:
    """Partitions that were read are not there."""
    named = ", ".join(str(partition) for partition in partitions)
    return SourceError(
        f"topic {address.topic} at {address.servers}: partition {named} was read before, and is gone",
        hint="A topic does not lose partitions: check the address, and that all brokers run.",
    )
