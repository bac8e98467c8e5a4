"""Topics are followed: connections stay, what passes is waited for, and the group of a dashboard is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from tests.kafka.topics import Send, content, etl, offsets, plays
from tests.servers.kafka import Broker
from tests.support import EngineUnderTest, rows, url_of, warehouse, write_lines

import sparkify
from sparkify.errors import SourceError, SparkifyError
from sparkify.etl.follow import Watcher
from sparkify.etl.summary import Summary
from sparkify.sources import kafka_client, kafka_fetch


class Seen(Watcher):
    def __init__(self) -> None:
        self.failures: list[str] = []

    def failed(self, error: SparkifyError, pause: float) -> None:
        self.failures.append(error.what)


def _follow(place: Any, uri: str, **given: Any) -> Iterator[Summary]:
    return sparkify.follow(url_of(place), logs=uri, **{"every": 0.05, **given})


def test_messages_are_loaded_as_they_arrive(
    kafka: Broker, topic: str, send: Send, engine: EngineUnderTest, tmp_path: Path
) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(100), partitions=3, transactional=True)
    loaded = 0
    for number, summary in enumerate(_follow(place, uri), 1):
        loaded += summary.loaded["events"]
        if loaded >= 100 + 50 * 5:
            break
        if number <= 5:
            send(topic, plays(50, 50 + 50 * number), transactional=True)
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(350,)]
    assert rows(place, 'SELECT COUNT(*), COUNT(DISTINCT "itemInSession") FROM staging_events') == [(350, 350)]
    assert rows(place, "SELECT COUNT(*) FROM etl_runs") == [(1,)]
    assert rows(place, "SELECT COUNT(*) FROM etl_files") == [(3,)]


def test_one_consumer_serves_all_batches(
    kafka: Broker, topic: str, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import confluent_kafka

    made: list[object] = []

    class Counted(Consumer):
        def __init__(self, *given: Any) -> None:
            made.append(self)
            super().__init__(*given)

    monkeypatch.setattr(confluent_kafka, "Consumer", Counted)
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(10))
    for number, _ in enumerate(_follow(place, uri), 1):
        if number == 4:
            break
        send(topic, plays(10, number * 10))
    assert len(made) == 1
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(40,)]


def test_batches_are_bounded(
    kafka: Broker, topic: str, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparkify.etl.follow.BATCH_MESSAGES", 300)
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(1_000), partitions=2)
    done = next(_follow(place, uri))
    assert done.chunks == 4
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(1_000,)]


def test_a_broker_that_is_away_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from confluent_kafka import Producer
    from confluent_kafka.cimpl import NewTopic

    for module in (kafka_client, kafka_fetch):
        monkeypatch.setattr(module, "SECONDS_WITHOUT_BROKER", 0.5)
    broker = Broker()
    try:
        admin = AdminClient({"bootstrap.servers": broker.address})
        admin.create_topics([NewTopic("events", 2)])["events"].result(60)
        producer = Producer({"bootstrap.servers": broker.address})
        seen, place = Seen(), warehouse(tmp_path)
        followed = _follow(place, f"kafka://{broker.address}/events", watcher=seen)
        for value in plays(10):
            producer.produce("events", value)
        assert producer.flush(60) == 0
        next(followed)
        broker.stop(kill=True)
        threading.Timer(2.0, broker.start).start()
        for value in plays(10, 10):
            producer.produce("events", value)
        while rows(place, "SELECT COUNT(*) FROM songplays") != [(20,)]:
            next(followed)
        assert producer.flush(60) == 0
        assert any("no broker answer" in failure for failure in seen.failures), seen.failures
        followed.close()  # type: ignore[attr-defined]
    finally:
        broker.remove()


def test_lost_messages_end_it(kafka: Broker, topic: str, send: Send, tmp_path: Path) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(20), partitions=1)
    followed = _follow(place, uri)
    next(followed)
    send(topic, plays(20, 20))
    admin = AdminClient({"bootstrap.servers": kafka.address})
    # the follower is not at work while its summary is looked at
    admin.delete_records([TopicPartition(topic, 0, 30)])[TopicPartition(topic, 0, 30)].result(60)
    with pytest.raises(SourceError, match="10 offsets were deleted"):
        next(followed)
    assert next(_follow(place, uri, accept_lost_offsets=True)).loaded["events"] == 10
    assert offsets(place) == [(0, 40, 30, 0, 0, 0, 10)]


def _committed(kafka: Broker, topic: str, group: str, partitions: int) -> list[int]:
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": group})
    try:
        found = consumer.committed([TopicPartition(topic, number) for number in range(partitions)], 30)
        return [place.offset for place in found]
    finally:
        consumer.close()


def test_the_group_is_told_and_never_asked(kafka: Broker, topic: str, send: Send, tmp_path: Path) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(30), partitions=2)
    settings = {"kafka": {"group": "dashboard"}}
    etl(place, logs=uri, **settings)
    stored = [next_offset for _, next_offset, *_ in offsets(place)]
    assert sum(stored) == 30
    assert sorted(_committed(kafka, topic, "dashboard", 2)) == sorted(stored)
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": "dashboard"})
    consumer.commit(offsets=[TopicPartition(topic, number, 0) for number in range(2)], asynchronous=False)
    consumer.close()
    send(topic, plays(10, 30))
    assert etl(place, logs=uri, **settings).loaded["events"] == 10
    assert sum(_committed(kafka, topic, "dashboard", 2)) == 40
    assert len(content(place)["songplays"]) == 40


def test_a_topic_and_a_catalogue_in_a_folder(kafka: Broker, topic: str, send: Send, tmp_path: Path) -> None:
    from tests.support import song

    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(10))
    write_lines(tmp_path / "songs/a.json", [song(title="Song 0", song_id="SO0")])
    followed = _follow(place, uri, songs=str(tmp_path / "songs"), songs_every=0.5)
    next(followed)
    write_lines(tmp_path / "songs/b.json", [song(title="Song 1", song_id="SO1")])
    begun = time.monotonic()
    assert next(followed).loaded == {"events": 0, "songs": 1}
    assert time.monotonic() - begun < 30
