"""Asking a broker about a topic: its ids, its partitions, and where they begin and end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sparkify.errors import needing
from sparkify.sources.offsets import PartitionOffset
from sparkify.storage.kafka import LOGGER, TopicAddress, client_properties, explained, group_of, translated

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError
    from confluent_kafka.admin import AdminClient

SECONDS_TO_ANSWER = 15.0
"""How long a question to the broker may take."""
SECONDS_WITHOUT_BROKER = 3.0
"""How long it is tried when no broker can be reached."""

_GROUP = "sparkify"
"""librdkafka wants a name; without subscribing or committing it is no group, and no rights to one are needed."""

UNREACHABLE = ("_ALL_BROKERS_DOWN", "_AUTHENTICATION", "_SSL", "_RESOLVE")
"""Names of the errors that say so."""

T = TypeVar("T")

_EARLIEST, _LATEST = -2, -1


class TopicState(NamedTuple):
    """The ids of a topic and of its cluster, and the numbers of its partitions in order."""

    cluster_id: str
    topic_id: str
    partitions: tuple[int, ...]

    def is_of(self, offset: PartitionOffset) -> bool:
        """Whether an offset is one of this very topic."""
        return (self.cluster_id, self.topic_id) == (offset.cluster_id, offset.topic_id)


class Marks(NamedTuple):
    """The first offset that a partition still has, and the one behind its last committed message."""

    low: int
    high: int


class TopicClient:
    """Asks about one topic, and lends a consumer of it. Connections are made when they are needed, and kept.

    `failure` is why no broker was reached lately; None if one was.

    Every method may raise SourceError, and UsageError for a property that librdkafka does not take.
    """

    def __init__(self, address: TopicAddress, given: Mapping[str, str | int | bool]) -> None:
        self.address = address
        self._given = given
        self._consumer: Consumer | None = None
        self._teller: Consumer | None = None
        self.failure: KafkaError | None = None

    @property
    def properties(self) -> dict[str, Any]:
        """librdkafka's properties for any client of this topic."""
        return {**client_properties(self.address, self._given), "logger": LOGGER}

    @cached_property
    def _admin(self) -> AdminClient:
        with needing("kafka://", "kafka"):
            import confluent_kafka  # noqa: F401
        from confluent_kafka.admin import AdminClient

        own: dict[str, Any] = {**self.properties, "error_cb": self._note_failure}
        return AdminClient(own)

    def _note_failure(self, error: KafkaError) -> None:
        if error.name() in UNREACHABLE:
            self.failure = error

    @contextmanager
    def consumer(self) -> Iterator[Consumer]:
        """A consumer without partitions, which reads what is committed and says where a partition ends.

        It is kept for the next time, unless the block raises.
        """
        if self._consumer is None:
            from confluent_kafka import Consumer

            own: dict[str, Any] = {
                "group.id": _GROUP,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "error_cb": self._note_failure,
            }
            self._consumer = Consumer({**self.properties, **own})
        self.failure = None
        try:
            yield self._consumer
            self._consumer.unassign()
        except BaseException:
            consumer, self._consumer = self._consumer, None
            consumer.close()
            raise

    def tell_group(self, offsets: Mapping[int, int]) -> None:
        """Commit offsets to the group of the settings. They are never read; a failure is only logged."""
        from confluent_kafka import Consumer, KafkaException, TopicPartition

        group = group_of(self._given)
        if not group:
            return
        places = [TopicPartition(self.address.topic, partition, offset) for partition, offset in offsets.items()]
        try:
            if self._teller is None:
                self._teller = Consumer({**self.properties, "group.id": group, "enable.auto.commit": False})
            self._teller.commit(offsets=places, asynchronous=False)
        except (KafkaException, RuntimeError) as error:
            LOGGER.warning("the group %s could not be told the offsets: %s", group, error)

    def _answer(self, asked: Future[T]) -> T:
        """Wait for an answer; not to the end if no broker can be reached."""
        self.failure = None
        patience = time.monotonic() + SECONDS_WITHOUT_BROKER
        while True:
            try:
                return asked.result(0.1)
            except TimeoutError:
                self._admin.poll(0)  # without it errors are not told
                if self.failure is not None and time.monotonic() > patience:
                    raise explained(self.failure, self.address) from None

    def describe(self) -> TopicState:
        """What the topic is now."""
        from confluent_kafka import TopicCollection

        with translated(self.address):
            topics = TopicCollection([self.address.topic])
            cluster = self._admin.describe_cluster(request_timeout=SECONDS_TO_ANSWER)
            topic = self._admin.describe_topics(topics, request_timeout=SECONDS_TO_ANSWER)[self.address.topic]
            found = self._answer(topic)
            partitions = tuple(sorted(partition.id for partition in found.partitions))
            return TopicState(str(self._answer(cluster).cluster_id), str(found.topic_id), partitions)

    def retention_seconds(self) -> float | None:
        """The topic's retention.ms in seconds; None if it is without end, or if the broker does not tell."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

        resource = ConfigResource(ResourceType.TOPIC, self.address.topic)
        try:
            asked = self._admin.describe_configs([resource], request_timeout=SECONDS_TO_ANSWER)[resource]
            settings = self._answer(asked)
        except KafkaException:  # it takes a right of its own
            return None
        if "delete" not in str(settings["cleanup.policy"].value):
            return None
        milliseconds = int(settings["retention.ms"].value)
        return None if milliseconds < 0 else milliseconds / 1000

    def marks(self, partitions: Iterable[int]) -> dict[int, Marks]:
        """Where partitions begin, and where what is committed in them ends."""
        numbers = list(partitions)
        low, high = self._offsets(numbers, _EARLIEST), self._offsets(numbers, _LATEST)
        return {number: Marks(low[number], max(low[number], high[number])) for number in numbers}

    def offsets_at(self, partitions: Iterable[int], milliseconds: int) -> dict[int, int]:
        """The first offset at or after a time in each partition; the end of those that hold nothing so late."""
        numbers = list(partitions)
        found, ends = self._offsets(numbers, milliseconds), self._offsets(numbers, _LATEST)
        return {number: ends[number] if found[number] < 0 else found[number] for number in numbers}

    def _offsets(self, partitions: list[int], where: int) -> dict[int, int]:
        """Offsets by partition; `where` is a time in milliseconds, or one of Kafka's two signs for the ends."""
        from confluent_kafka import IsolationLevel, TopicPartition
        from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

        if not partitions:
            return {}
        specs: dict[int, Any] = {_EARLIEST: OffsetSpec.earliest, _LATEST: OffsetSpec.latest}
        spec: Any = specs[where]() if where in specs else OffsetSpec.for_timestamp(where)
        wanted = {TopicPartition(self.address.topic, partition): spec for partition in partitions}
        with translated(self.address):
            asked: Mapping[TopicPartition, Future[Any]] = self._admin.list_offsets(
                wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=SECONDS_TO_ANSWER
            )
            return {place.partition: int(self._answer(answer).offset) for place, answer in asked.items()}
