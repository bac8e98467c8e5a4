"""What goes wrong with topics is named with its numbers, and nothing is passed over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic
from tests.kafka.topics import Send, content, etl, offsets, on_every_engine, plays
from tests.servers.kafka import Broker
from tests.support import EngineUnderTest, rows, url_of, warehouse
from tests.unit.command import assert_error, start
from tests.unit.command import sparkify as command

from sparkify.errors import SourceError, TooManyRejects, WarehouseError
from sparkify.sources import kafka_fetch
from sparkify.sources.base import Changes
from sparkify.sources.kafka import Topic
from sparkify.sources.opening import Opening
from sparkify.sources.registry import source_at
from sparkify.sources.slices import Messages
from sparkify.storage.spool import Spool
from sparkify.warehouse.manifest import Entry


@pytest.fixture
def admin(kafka: Broker) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.address})


@pytest.fixture
def make_again(admin: AdminClient) -> Callable[[str], None]:
    """Deletes a topic, and makes one of its name."""

    def make(topic: str) -> None:
        admin.delete_topics([topic])[topic].result(60)
        for _ in range(100):
            try:
                admin.create_topics([NewTopic(topic, 2)])[topic].result(60)
                return
            except KafkaException:
                time.sleep(0.1)
        raise AssertionError

    return make


def test_messages_deleted_unread(
    kafka: Broker, topic: str, send: Send, admin: AdminClient, engine: EngineUnderTest, tmp_path: Path
) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(50), partitions=1)
    etl(place, logs=uri)
    send(topic, plays(50, 50))
    before = content(place)
    admin.delete_records([TopicPartition(topic, 0, 80)])[TopicPartition(topic, 0, 80)].result(60)
    with pytest.raises(SourceError, match=r"partition 0: 30 offsets were deleted .* from 50 to 79"):
        etl(place, logs=uri)
    assert content(place) == before
    done = etl(place, logs=uri, accept_lost_offsets=True)
    assert done.loaded["events"] == 20
    assert offsets(place) == [(0, 100, 70, 0, 0, 0, 30)]
    ((accepted,),) = rows(place, "SELECT accepted FROM etl_runs WHERE accepted <> ''")
    assert "30 offsets were deleted" in accepted
    assert "--accept-lost-offsets" in accepted
    shown = command("runs", "--warehouse", url_of(place), "--output", "json", cwd=tmp_path)
    assert json.loads(shown.stdout)[0]["accepted"] == accepted
    assert etl(place, logs=uri).records == 0


def test_messages_that_retention_by_size_deleted_unread(kafka: Broker, topic: str, send: Send, tmp_path: Path) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    small = {"retention.bytes": "1", "segment.ms": "100"}
    send(topic, plays(20), partitions=1, config=small)
    etl(place, logs=uri)
    source = source_at(uri, Opening())
    assert isinstance(source, Topic)
    sent, end = 20, time.monotonic() + 60
    while (low := source.marks()[0].low) <= 25:
        assert time.monotonic() < end
        time.sleep(0.3)
        send(topic, plays(5, sent))  # a segment is deleted once another one has begun
        sent += 5
    with pytest.raises(SourceError, match=r"partition 0: \d+ offsets were deleted .* from 20 to \d+"):
        etl(place, logs=uri)
    while True:  # retention goes on deleting: what is deleted while it is read ends a run, and is told by the next
        try:
            etl(place, logs=uri, accept_lost_offsets=True)
            break
        except SourceError as error:
            assert "messages were deleted while they were to be read" in str(error)
            assert time.monotonic() < end
    ((first, following, loaded, rejected, tombstones, without, lost),) = offsets(place)
    assert (first, following, rejected, tombstones, without) == (0, sent, 0, 0, 0)
    assert lost >= low - 20
    assert loaded + lost == sent


def test_all_messages_deleted_unread(kafka: Broker, topic: str, send: Send, admin: AdminClient, tmp_path: Path) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(5), partitions=1)
    etl(place, logs=uri)
    send(topic, plays(5, 5))
    admin.delete_records([TopicPartition(topic, 0, 10)])[TopicPartition(topic, 0, 10)].result(60)
    etl(place, logs=uri, accept_lost_offsets=True)
    assert offsets(place) == [(0, 10, 5, 0, 0, 0, 5)]


def test_a_topic_that_was_made_again(
    kafka: Broker, topic: str, send: Send, make_again: Callable[[str], None], engine: EngineUnderTest, tmp_path: Path
) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    for partition in (0, 1):
        send(topic, plays(25, 25 * partition), partitions=2, partition=partition)
    etl(place, logs=uri)
    make_again(topic)
    for partition in (0, 1):
        send(topic, plays(40, 100 + 40 * partition), partition=partition)
    with pytest.raises(SourceError, match="was made again") as caught:
        etl(place, logs=uri)
    assert "--from-beginning" in caught.value.hint
    assert len(content(place)["staging_events"]) == 50
    etl(place, logs=uri, from_beginning=True)
    assert len(content(place)["songplays"]) == 130
    assert len(offsets(place)) == 4
    assert rows(place, "SELECT COUNT(DISTINCT uri) FROM etl_files") == [(4,)]
    send(topic, plays(10, 200))
    etl(place, logs=uri)
    assert len(content(place)["songplays"]) == 140


def test_a_topic_that_is_made_again_while_it_is_read(
    kafka: Broker, topic: str, send: Send, make_again: Callable[[str], None], tmp_path: Path
) -> None:
    send(topic, plays(50))
    source = source_at(f"kafka://{kafka.address}/{topic}", Opening())
    changes: Changes[Entry] = source.pending("events", {})
    make_again(topic)
    send(topic, plays(50))
    with Spool(str(tmp_path)) as spool, pytest.raises(SourceError, match=r"was made again|no such topic"):
        source.fetch(changes.slices, spool)


def test_added_partitions_are_read_from_their_beginning(
    kafka: Broker, topic: str, send: Send, admin: AdminClient, tmp_path: Path
) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(20), partitions=1)
    etl(place, logs=uri)
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(60)
    for _ in range(50):
        if len(admin.list_topics(topic, 5).topics[topic].partitions) == 3:
            break
        time.sleep(0.1)
    send(topic, plays(20, 20), partition=2)
    etl(place, logs=uri)
    assert len(content(place)["songplays"]) == 40


def test_compacted_messages_and_tombstones(
    kafka: Broker, topic: str, send: Send, admin: AdminClient, tmp_path: Path
) -> None:
    compact = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01",
               "delete.retention.ms": "600000", "max.compaction.lag.ms": "200"}  # fmt: skip
    for key in (b"a", b"b"):
        send(topic, plays(20, 20 if key == b"b" else 0), partitions=1, key=key, config=compact)
    send(topic, [None], key=b"a")
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    end = time.monotonic() + 25
    source_of_end = source_at(uri, Opening())
    while time.monotonic() < end:
        time.sleep(0.6)
        send(topic, plays(1, 90), key=b"c")
        with Spool(str(tmp_path)) as spool:
            changes: Changes[Entry] = source_of_end.pending("events", {})
            source_of_end.fetch(changes.slices, spool)
            fetched = source_of_end.open(changes.slices[0])
            fetched.close()
        assert isinstance(fetched, Messages)
        if fetched.count < 41:
            break
    etl(place, logs=uri)
    ((first, following, loaded, rejected, tombstones, without, lost),) = offsets(place)
    assert (first, rejected, lost) == (0, 0, 0)
    assert without > 0
    assert tombstones == 1
    assert loaded + tombstones + without == following


def test_two_loaders_at_once(kafka: Broker, topic: str, send: Send, engine: EngineUnderTest, tmp_path: Path) -> None:
    send(topic, plays(4_000), partitions=3)
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    arguments = ("etl", "--warehouse", url_of(place), "--logs", uri)
    with start(*arguments, cwd=tmp_path) as one, start(*arguments, cwd=tmp_path) as other:
        codes = sorted((one.wait(60), other.wait(60)))
    assert codes in ([0, 0], [0, 1])
    assert len(content(place)["staging_events"]) == 4_000


@on_every_engine
def test_whoever_read_on_meanwhile_wins(
    kafka: Broker, topic: str, send: Send, engine: EngineUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if nothing else kept two runs apart, the offset in the transaction does."""
    from sparkify.etl.partitions import Partitions

    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(30), partitions=1)
    etl(place, logs=uri)
    send(topic, plays(30, 30))
    before = content(place)
    advance = Partitions.advance

    def late(self: Partitions, engine: object, *rest: object) -> None:
        engine.execute("UPDATE etl_offsets SET next_offset = next_offset + 1")  # type: ignore[attr-defined]
        advance(self, engine, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Partitions, "advance", late)
    with pytest.raises(WarehouseError, match="another etl has read on"):
        etl(place, logs=uri)
    monkeypatch.undo()
    assert content(place) == before
    etl(place, logs=uri)
    assert len(content(place)["songplays"]) == 60


def test_a_topic_of_something_else_is_refused(kafka: Broker, topic: str, send: Send, tmp_path: Path) -> None:
    send(topic, [b"\x00\x00\x00\x00\x07\x02" + bytes([n]) for n in range(100)])
    with pytest.raises(TooManyRejects, match="100 of 100") as caught:
        etl(warehouse(tmp_path), logs=f"kafka://{kafka.address}/{topic}")
    assert "Avro" in caught.value.hint


def test_no_such_topic_and_no_broker(kafka: Broker, topic: str, tmp_path: Path) -> None:
    for uri, what in (
        (f"kafka://{kafka.address}/{topic}", "there is no such topic"),
        (f"kafka://127.0.0.1:1/{topic}", "no broker answer"),
    ):
        done = command("etl", "--logs", uri, cwd=tmp_path)
        assert_error(done, 1, what)
    assert not list(tmp_path.glob("*.duckdb"))


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    broker = Broker()
    yield broker
    broker.remove()


def test_a_broker_that_goes_away(
    own_broker: Broker, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": own_broker.address})
    for value in plays(500):
        producer.produce("events", value)
    admin = AdminClient({"bootstrap.servers": own_broker.address})
    admin.create_topics([NewTopic("events", 1)])["events"].result(60)
    assert producer.flush(60) == 0
    source = source_at(f"kafka://{own_broker.address}/events", Opening())
    changes: Changes[Entry] = source.pending("events", {})
    own_broker.stop(kill=True)
    monkeypatch.setattr(kafka_fetch, "SECONDS_WITHOUT_BROKER", 1.0)
    monkeypatch.setattr(kafka_fetch, "SECONDS_WITHOUT_MESSAGES", 3.0)
    with Spool(str(tmp_path)) as spool, pytest.raises(SourceError, match=r"no broker answers|gave nothing"):
        source.fetch(changes.slices, spool)
    own_broker.start()
    done = etl(warehouse(tmp_path), logs=f"kafka://{own_broker.address}/events")
    assert done.loaded["events"] == 500
