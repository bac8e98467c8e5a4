"""A real broker for the tests of Kafka, and what they read from it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import pytest
from tests.servers.kafka import Broker, broker
from tests.support import ENGINES, EngineUnderTest, using

_numbers = itertools.count()


@pytest.fixture(scope="session")
def kafka() -> Broker:
    return broker()


@pytest.fixture
def topic() -> str:
    """The name of a topic that no other test uses."""
    return f"events-{next(_numbers)}"


@pytest.fixture
def read_topic(kafka: Broker) -> Callable[[str], list[bytes]]:
    """Reads all committed values of a topic, partition by partition."""

    def read(name: str) -> list[bytes]:
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer(
            {
                "bootstrap.servers": kafka.address,
                "group.id": "reader",
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
            }
        )
        partitions = list(consumer.list_topics(name, 10).topics[name].partitions)
        consumer.assign([TopicPartition(name, partition, 0) for partition in partitions])
        values: dict[int, list[bytes]] = {partition: [] for partition in partitions}
        ended: set[int] = set()
        while len(ended) < len(partitions):
            for message in consumer.consume(10_000, 1.0):
                partition = message.partition()
                assert partition is not None
                if message.error():
                    ended.add(partition)
                else:
                    values[partition].append(message.value() or b"")
        consumer.close()
        return [value for partition in partitions for value in values[partition]]

    return read


@pytest.fixture
def send(kafka: Broker) -> Callable[..., None]:
    """Makes a topic if it is not there, and produces values onto it: None is a tombstone.

    `aborted` values are produced in a transaction that is aborted, before the others; `key` and `partition` are those
    of all.
    """
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin = AdminClient({"bootstrap.servers": kafka.address})

    def send(
        topic: str,
        values: Iterable[bytes | None],
        *,
        partitions: int = 2,
        partition: int = -1,
        key: bytes | None = None,
        aborted: Iterable[bytes] = (),
        config: dict[str, str] | None = None,
        transactional: bool = False,
    ) -> None:
        if topic not in admin.list_topics(timeout=60).topics:
            made = admin.create_topics([NewTopic(topic, partitions, config=config or {})])[topic]
            assert made.exception(60) is None or "already exists" in str(made.exception())
        own = {"transactional.id": f"tests-{topic}"} if aborted or transactional else {}
        producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 5, **own})
        if own:
            producer.init_transactions(60)
            producer.begin_transaction()
            for undone in aborted:
                producer.produce(topic, undone, key, partition)
            producer.flush(60)
            producer.abort_transaction(60)
            producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, key, partition)
            producer.poll(0)
        assert producer.flush(60) == 0
        if own:
            producer.commit_transaction(60)

    return send


ENGINES_UNDER_TEST = [engine for engine in ENGINES if engine.name in ("duckdb", "postgresql")]


@pytest.fixture(params=ENGINES_UNDER_TEST, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Iterator[EngineUnderTest]:
    """DuckDB, and a server."""
    if request.param.server:
        request.param.server()
    with using(request.param):
        yield request.param
