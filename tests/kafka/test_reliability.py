"""Followed through kills of the loader, restarts of the broker, aborted transactions, poison and an added partition.

At the end the warehouse holds what one holds that loads the same committed records from files. The small form has 3
kills; with SPARKIFY_TEST_LONG=1 it has 40, and 5 on the Redshift stand-in.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic
from tests.kafka.topics import content, etl, on_every_engine
from tests.servers.kafka import Broker
from tests.support import LONG, EngineUnderTest, rows, url_of, warehouse
from tests.unit.command import COMMAND, environment

from sparkify.generate import GenerateOptions, generate

SECONDS_TO_CATCH_UP = 300


@dataclass(frozen=True)
class Scale:
    """How much is done: simulated users (each has some 200 events), kills, restarts, and events in a transaction."""

    users: int
    kills: int
    restarts: int
    events_at_once: int


SMALL = Scale(users=30, kills=3, restarts=1, events_at_once=300)
FULL = Scale(users=950, kills=40, restarts=3, events_at_once=1_500)
PARTITIONS = 6


@dataclass
class Sent:
    """What was committed to the topic; `is_done` once all was."""

    lines: list[bytes] = field(default_factory=list)
    aborted: int = 0
    is_done: bool = False
    error: BaseException | None = None


def _with_poison(lines: list[bytes]) -> list[bytes]:
    """One message in a thousand is none."""
    found = []
    for number, line in enumerate(lines):
        found.append(line)
        if number % 1000 == 499:
            found.append(b"poison %d" % number)
    return found


def _produce(address: str, topic: str, lines: list[bytes], scale: Scale, seconds: float, sent: Sent) -> None:
    """Produce in transactions, over so many seconds; each fourth is aborted first. A partition is added half way."""
    try:
        producer = Producer(
            {
                "bootstrap.servers": address,
                "transactional.id": topic,
                "linger.ms": 5,
                "topic.metadata.refresh.interval.ms": 500,
            }
        )
        producer.init_transactions(60)
        parts = [lines[begin : begin + scale.events_at_once] for begin in range(0, len(lines), scale.events_at_once)]
        for number, part in enumerate(parts):
            if number == len(parts) // 2:
                admin = AdminClient({"bootstrap.servers": address})
                admin.create_partitions([NewPartitions(topic, PARTITIONS + 1)])[topic].result(60)
            partition = PARTITIONS if number > len(parts) // 2 + len(parts) // 8 and number % 2 else -1
            if number % 4 == 1:
                _transaction(producer, topic, part, partition, is_aborted=True)
                sent.aborted += len(part)
            _transaction(producer, topic, part, partition, is_aborted=False)
            sent.lines += part
            time.sleep(seconds / len(parts))
        sent.is_done = True
    except BaseException as error:
        sent.error = error


def _transaction(producer: Producer, topic: str, lines: list[bytes], partition: int, *, is_aborted: bool) -> None:
    producer.begin_transaction()
    for line in lines:
        producer.produce(topic, line, partition=partition)
        producer.poll(0)
    end = producer.abort_transaction if is_aborted else producer.commit_transaction
    for _ in range(20):
        try:
            end(60)
            return
        except KafkaException as error:  # the broker may be away just now
            if not error.args[0].retriable():
                raise
    raise AssertionError("a transaction did not end")


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    broker = Broker()
    yield broker
    broker.remove()


class Follower:
    """`etl --follow` in a process that is killed now and then."""

    def __init__(self, folder: Path, engine: EngineUnderTest, place: Any, logs: str, songs: str) -> None:
        self._env = environment(engine.environment())
        arguments = (
            "etl",
            "--follow",
            "--every",
            "300ms",
            "--warehouse",
            url_of(place),
            "--logs",
            logs,
            "--songs",
            songs,
        )
        self._command = [*COMMAND, *arguments]
        self._folder = folder
        self._log = (folder / "follow.log").open("ab")
        self.begin()

    def begin(self) -> None:
        import subprocess

        self._before = self.commits
        self.process = subprocess.Popen(
            self._command, cwd=self._folder, env=self._env, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    @property
    def commits(self) -> int:
        """How many commits it has told of, killed ones included."""
        return (self._folder / "follow.log").read_text().count("Z committed ")

    def wait_for_commit(self, seconds: float) -> float:
        """Wait until it has committed since it began; so long at the most. How long it took comes back."""
        begun = time.monotonic()
        while self.commits == self._before and time.monotonic() < begun + seconds:
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)
        return time.monotonic() - begun

    def kill(self) -> None:
        assert self.process.poll() is None, self.said()
        self.process.kill()
        self.process.wait(30)

    def end(self) -> int:
        """How it ends by SIGTERM; 0 too if it had only just begun, and was interrupted before it could follow."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._log.close()
        return 0 if code == 128 + signal.SIGTERM and self.commits == self._before else code

    def said(self) -> str:
        return (self._folder / "follow.log").read_text()[-3000:]


def _loaded(place: Any) -> int:
    """Offsets that the warehouse has accounted for; none for as long as it cannot be read."""
    try:
        return int(rows(place, "SELECT SUM(next_offset) FROM etl_offsets")[0][0] or 0)
    except Exception:
        return 0


def _ends(address: str, topic: str) -> int:
    from sparkify.sources.kafka import Topic
    from sparkify.sources.opening import Opening

    return sum(marks.high for marks in Topic(f"kafka://{address}/{topic}", Opening()).marks().values())


@(on_every_engine if LONG else pytest.mark.usefixtures("engine"))
@pytest.mark.timeout(3600)
def test_the_same_as_from_files_whatever_happens(own_broker: Broker, engine: EngineUnderTest, tmp_path: Path) -> None:
    is_stand_in = engine.name == "redshift"
    scale = (Scale(60, 5, 1, 400) if is_stand_in else FULL) if LONG else SMALL
    chance = random.Random(7)
    generate(tmp_path / "out", GenerateOptions(users=scale.users, songs=40, seed=3))
    songs = str(tmp_path / "out/song_data")
    lines = [
        line for day in sorted((tmp_path / "out/log_data").rglob("*.json")) for line in day.read_bytes().splitlines()
    ]
    topic, place = "events", warehouse(tmp_path, "followed")
    admin = AdminClient({"bootstrap.servers": own_broker.address})
    admin.create_topics([NewTopic(topic, PARTITIONS)])[topic].result(60)
    sent = Sent()
    begun = time.monotonic()
    follower = Follower(tmp_path, engine, place, f"kafka://{own_broker.address}/{topic}", songs)
    to_commit = follower.wait_for_commit(120)  # of songs
    arguments = (own_broker.address, topic, _with_poison(lines), scale, scale.kills * to_commit, sent)
    thread = threading.Thread(target=_produce, args=arguments)
    thread.start()
    restarts = {scale.kills * (number + 1) // (scale.restarts + 1) for number in range(scale.restarts)}
    for number in range(scale.kills):
        if chance.random() < 0.7:
            follower.wait_for_commit(4 * to_commit)
            time.sleep(chance.uniform(0.0, 0.6))
        else:
            time.sleep(to_commit * chance.uniform(0.2, 1.0))
        follower.kill()
        if number in restarts:
            own_broker.stop(kill=True)
            follower.begin()
            time.sleep(1.0)
            own_broker.start()
        else:
            follower.begin()
    thread.join(600)
    assert sent.is_done, sent.error
    end = time.monotonic() + SECONDS_TO_CATCH_UP
    while _loaded(place) < _ends(own_broker.address, topic):
        assert follower.process.poll() is None, follower.said()
        assert time.monotonic() < end, follower.said()
        time.sleep(0.3)
    assert follower.end() == 0, follower.said()
    (tmp_path / "files").mkdir()
    (tmp_path / "files/all.json").write_bytes(b"\n".join(sent.lines) + b"\n")
    files = warehouse(tmp_path, "files")
    etl(files, logs=str(tmp_path / "files"), songs=songs)
    assert content(place) == content(files)
    raw_texts = "SELECT raw_text FROM etl_rejects ORDER BY raw_text"
    poison = rows(place, raw_texts)
    assert poison == rows(files, raw_texts)
    assert len(poison) == len(lines) // 1000 + (len(lines) % 1000 > 499)
    ((partitions, offsets, without),) = rows(
        place, "SELECT COUNT(*), SUM(next_offset), SUM(without_record) FROM etl_offsets"
    )
    assert (partitions, int(offsets) - int(without)) == (PARTITIONS + 1, len(sent.lines))
    assert follower.commits > scale.kills // 4
    done = f"{len(lines):,} events in {follower.commits} commits, {len(poison)} poison, {sent.aborted:,} aborted"
    happened = f"{scale.kills} kills, {scale.restarts} restarts, {time.monotonic() - begun:.0f} s"
    print(f"{engine.name}: {done}, {happened}")
