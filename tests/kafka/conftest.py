"""A real broker for the tests of Kafka, and what they read from it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from tests.servers.kafka import Broker, broker

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
