"""The simulator as a producer: events onto Kafka topics, as fast as they go or in scaled real time.

With transactions, the number of the events produced is committed with them, as the offset of a group of the
producer's own. A run with the same options that is started again goes on behind the last committed event.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sparkify.contract import EVENT_TOPICS
from sparkify.errors import SourceError, UsageError, needing
from sparkify.generate.catalogue import Record
from sparkify.generate.config import Config, load
from sparkify.generate.options import GenerateOptions, Settings, resolve
from sparkify.generate.run import catalogue_of, job_of, used_settings
from sparkify.generate.stream import Part, next_period, parts
from sparkify.generate.topic_form import messages
from sparkify.storage.kafka import LOGGER, TopicAddress, client_properties, explained, parse_address, translated

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, Producer

EVENTS_IN_TRANSACTION = 10_000
SECONDS_IN_TRANSACTION = 1.0
SECONDS_TO_ANSWER = 20.0
SONGS_SUFFIX = "_songs"

OnProduced = Callable[[int], None]
"""Called with the number of events produced so far."""


@dataclass(frozen=True)
class TopicOptions:
    """How events go onto a topic.

    Attributes:
        properties: librdkafka's properties, by its own names.
        topic_form: records of the topic form onto four topics, of which the URI's topic is the prefix.
        speed: how many seconds of the simulation pass in a second; None: as fast as they go.
        forever: go on with the next period at the end of one.
        transactions: produce in transactions, and go on behind the last committed one.
        partitions: how many partitions a topic gets that does not exist yet.
        songs: write the catalogue to the topic with `_songs` at its end.
    """

    properties: Mapping[str, str | int | bool] = field(default_factory=dict)
    topic_form: bool = False
    speed: float | None = None
    forever: bool = False
    transactions: bool = False
    partitions: int = 6
    songs: bool = True


class Produced(NamedTuple):
    """What was produced: events and songs; whether an earlier run was continued; seconds; the topics."""

    events: int
    songs: int
    resumed: bool
    seconds: float
    topics: tuple[str, ...]


class _Position(NamedTuple):
    """How far a stream is: the period, counted from 0, and the events produced of it."""

    period: int = 0
    events: int = 0

    @classmethod
    def read(cls, text: str | None) -> _Position:
        period, _, events = (text or "0:0").partition(":")
        return cls(int(period), int(events))

    def __str__(self) -> str:
        return f"{self.period}:{self.events}"


def produce(uri: str, options: GenerateOptions, how: TopicOptions, on_produced: OnProduced | None = None) -> Produced:
    """Simulate users and produce their events onto the topic that the URI names.

    Raises:
        UsageError: the URI, an option or a property is wrong, or confluent-kafka is not installed.
        SourceError: the broker cannot be reached, or refuses.
    """
    with needing("kafka://", "kafka"):
        import confluent_kafka  # noqa: F401
    address = parse_address(uri)
    config = load(None if options.config is None else Path(options.config))
    settings = resolve(options, config)
    if how.speed is not None and how.speed <= 0:
        raise UsageError(f"--speed must be above 0, not {how.speed:g}")
    began = time.perf_counter()
    with translated(address):
        sink = _Sink(address, how, _identity(settings, config, how))
        try:
            records, _ = catalogue_of(settings)
            songs = _produce_songs(sink, records) if how.songs and not sink.resumed else 0
            _produce_periods(sink, settings, config, records, how, on_produced or (lambda _events: None))
        except BaseException:
            sink.abort()
            raise
        sink.close()
    return Produced(sink.events, songs, sink.resumed, time.perf_counter() - began, sink.topics)


def _identity(settings: Settings, config: Config, how: TopicOptions) -> str:
    """A name for all runs that would produce the same events."""
    same = {"settings": used_settings(settings), "config": config.given, "topic_form": how.topic_form}
    return sha256(msgspec.json.encode(same, order="deterministic")).hexdigest()[:16]


def _produce_songs(sink: _Sink, records: list[Record]) -> int:
    for record in records:
        sink.put_song(msgspec.json.encode(record))
    return len(records)


def _produce_periods(
    sink: _Sink, settings: Settings, config: Config, records: list[Record], how: TopicOptions, on_produced: OnProduced
) -> None:
    clock = _Clock(how.speed)
    for period, now in enumerate(_periods(settings, how.forever)):
        if period < sink.position.period:
            continue
        with tempfile.TemporaryDirectory(prefix="sparkify-generate-") as spool:
            skipped = sink.position.events if period == sink.position.period else 0
            for time_of_event, line in islice(_events(parts(job_of(now, config, records), Path(spool))), skipped, None):
                clock.wait_for(time_of_event, sink.idle)
                sink.put(line)
                if sink.commit_if_due(period):
                    on_produced(sink.events)
        sink.end_period(period)
        on_produced(sink.events)


def _periods(settings: Settings, forever: bool) -> Iterator[Settings]:
    yield settings
    while forever:
        settings = next_period(settings)
        yield settings


def _events(found: Iterator[Part]) -> Iterator[tuple[int, bytes]]:
    for part in found:
        yield from zip(part.times, part.lines, strict=True)


class _Clock:
    """Waits for the moment at which an event happens; the first event that is asked for happens at once."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._first: int | None = None
        self._began = time.monotonic()

    def wait_for(self, milliseconds: int, idle: Callable[[float], None]) -> None:
        """Call `idle` with the seconds left until this moment, again and again."""
        if self._speed is None:
            return
        if self._first is None:
            self._first, self._began = milliseconds, time.monotonic()
        due = self._began + (milliseconds - self._first) / 1000 / self._speed
        while (left := due - time.monotonic()) > 0:
            idle(left)


class _Sink:
    """The producer, its transactions and its position."""

    def __init__(self, address: TopicAddress, how: TopicOptions, identity: str) -> None:
        self._address = address
        self._how = how
        self._properties = client_properties(address, how.properties)
        self._prefix = address.topic
        self._songs_topic = address.topic + SONGS_SUFFIX
        forms = tuple(address.topic + name for name in EVENT_TOPICS) if how.topic_form else (address.topic,)
        self.topics = (*forms, self._songs_topic) if how.songs else forms
        self._group = f"sparkify-generate-{address.topic}-{identity}"
        self._failure: KafkaError | None = None
        self.events = self._uncommitted = 0
        self._last_commit = time.monotonic()
        self.position = _Position()
        self._create_topics()
        self._producer = self._open()
        self._consumer = self._begin() if how.transactions else None
        self.resumed = self.position != _Position()

    def _create_topics(self) -> None:
        from confluent_kafka import KafkaError, KafkaException
        from confluent_kafka.admin import AdminClient
        from confluent_kafka.cimpl import NewTopic

        admin = AdminClient(dict[str, Any]({**self._properties, "logger": LOGGER}))
        wanted = [NewTopic(topic, self._how.partitions) for topic in self.topics]
        for created in admin.create_topics(wanted, request_timeout=SECONDS_TO_ANSWER).values():
            try:
                created.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise

    def _open(self) -> Producer:
        from confluent_kafka import Producer

        own: dict[str, Any] = {"enable.idempotence": True, "linger.ms": 20, **self._properties}
        own |= {"error_cb": self._failed, "logger": LOGGER}
        if self._how.transactions:
            own["transactional.id"] = self._group
        return Producer(own)

    def _begin(self) -> Consumer:
        """Fence an earlier run with the same identity, and find out how far it came."""
        from confluent_kafka import Consumer, TopicPartition

        own = {"group.id": self._group, "enable.auto.commit": False, "logger": LOGGER}
        consumer = Consumer({**self._properties, **own})
        self._producer.init_transactions(SECONDS_TO_ANSWER)
        (found,) = consumer.committed([TopicPartition(self.topics[0], 0)], SECONDS_TO_ANSWER)
        self.position = _Position.read(found.metadata if found.offset >= 0 else None)
        self._producer.begin_transaction()
        return consumer

    def _failed(self, error: KafkaError) -> None:
        if error.fatal():
            self._failure = error

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failure = error

    def put(self, line: bytes) -> None:
        """Produce one event."""
        if self._how.topic_form:
            for name, value in messages(line):
                self._send(self._prefix + name, value)
        else:
            self._send(self._prefix, line)
        self.events += 1
        self._uncommitted += 1

    def put_song(self, line: bytes) -> None:
        """Produce one record of the catalogue."""
        self._send(self._songs_topic, line)

    def _send(self, topic: str, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(topic, value, on_delivery=self._delivered)
                return
            except BufferError:  # the queue is full: let some of it be delivered
                self._producer.poll(0.1)
                self._raise_if_failed()

    def idle(self, seconds: float) -> None:
        """Serve the producer for at most so long; what is not committed yet is committed meanwhile."""
        if self._uncommitted and time.monotonic() - self._last_commit > SECONDS_IN_TRANSACTION:
            self._commit(self.position)
        self._producer.poll(min(seconds, 0.5))
        self._raise_if_failed()

    def commit_if_due(self, period: int) -> bool:
        """Commit if there is enough to commit, or enough time has passed; whether it did."""
        if period != self.position.period:
            self.position = _Position(period, 0)
        self.position = self.position._replace(events=self.position.events + 1)
        due = self._uncommitted >= EVENTS_IN_TRANSACTION
        if not due and self._uncommitted % 256 == 0:
            self._producer.poll(0)
            due = time.monotonic() - self._last_commit > SECONDS_IN_TRANSACTION
        if due:
            self._commit(self.position)
        return due

    def end_period(self, period: int) -> None:
        """Commit what is left of a period; the next one begins at its beginning."""
        self.position = _Position(period + 1, 0)
        self._commit(self.position)

    def _commit(self, position: _Position) -> None:
        from confluent_kafka import TopicPartition

        self._last_commit = time.monotonic()
        self._uncommitted = 0
        self._raise_if_failed()
        if self._consumer is None:
            self._producer.poll(0)
            return
        where = TopicPartition(self.topics[0], 0, position.events, str(position))
        self._producer.send_offsets_to_transaction([where], self._consumer.consumer_group_metadata())
        self._producer.commit_transaction(SECONDS_TO_ANSWER)
        self._producer.begin_transaction()

    def close(self) -> None:
        """Wait until all is delivered."""
        if self._consumer is None:
            left = self._producer.flush(SECONDS_TO_ANSWER)
            self._raise_if_failed()
            if left:
                raise SourceError(
                    f"topic {self._address.topic} at {self._address.servers}: {left:,} messages undelivered"
                )
        else:
            self._producer.abort_transaction(SECONDS_TO_ANSWER)  # nothing is in it
            self._consumer.close()

    def abort(self) -> None:
        """Undo the transaction under way, if there is one; without transactions, deliver what is on its way."""
        from contextlib import suppress

        from confluent_kafka import KafkaException

        with suppress(KafkaException):
            if self._consumer is None:
                self._producer.flush(SECONDS_TO_ANSWER)
            else:
                self._producer.abort_transaction(SECONDS_TO_ANSWER)

    def _raise_if_failed(self) -> None:
        if self._failure is not None:
            raise explained(self._failure, self._address)
