"""The simulator as a producer, against a real broker."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.schemas import faults
from tests.servers.kafka import Broker
from tests.unit.command import sparkify, start

from sparkify.errors import SourceError, UsageError
from sparkify.generate import GenerateOptions, generate
from sparkify.generate.topic import TopicOptions, produce

ReadTopic = Callable[[str], list[bytes]]
OPTIONS = GenerateOptions(users=60, songs=40, seed=3)


def _lines(folder: Path) -> list[bytes]:
    return [line for path in sorted((folder / "log_data").rglob("*.json")) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("transactions", [False, True])
def test_the_same_events_as_in_a_folder(
    kafka: Broker, topic: str, read_topic: ReadTopic, tmp_path: Path, transactions: bool
) -> None:
    generate(tmp_path / "out", OPTIONS)
    done = produce(f"kafka://{kafka.address}/{topic}", OPTIONS, TopicOptions(transactions=transactions))
    lines = _lines(tmp_path / "out")
    assert done.events == len(lines) > 5_000
    assert sorted(read_topic(topic)) == sorted(lines)
    songs = [path.read_bytes().strip() for path in (tmp_path / "out/song_data").rglob("*.json")]
    found = read_topic(f"{topic}_songs")
    assert sorted(map(str, map(json.loads, found))) == sorted(map(str, map(json.loads, songs)))


def test_the_topic_form_says_the_same(kafka: Broker, topic: str, read_topic: ReadTopic, tmp_path: Path) -> None:
    generate(tmp_path / "out", OPTIONS)
    produce(f"kafka://{kafka.address}/{topic}", OPTIONS, TopicOptions(topic_form=True, partitions=1))
    events = [json.loads(line) for line in _lines(tmp_path / "out")]
    views = read_topic(f"{topic}page_view_events")
    assert all(value.endswith(b"}\n") for value in views)
    records = [json.loads(value) for value in views]
    assert len(records) == len(events)
    for event, record in zip(events, records, strict=True):
        assert not {"length", "location"} & record.keys()
        assert record["page"] == event["page"]
        assert record.get("duration") == event["length"]
        assert str(record.get("userId", "")) == event["userId"]
        assert ("city" in record) == bool(event["userId"])
        if event["userId"]:
            assert f"{record['city']}, {record['state']}" == event["location"]
    listens = [json.loads(value) for value in read_topic(f"{topic}listen_events")]
    plays = [event for event in events if event["page"] == "NextSong"]
    assert [(play["ts"], play["song"], play["duration"]) for play in listens] == [
        (play["ts"], play["song"], play["length"]) for play in plays
    ]
    assert all("page" not in play for play in listens)


def test_killed_and_started_again_under_transactions_nothing_is_there_twice(
    kafka: Broker, topic: str, read_topic: ReadTopic, tmp_path: Path
) -> None:
    options = ("--users", "400", "--songs", "40", "--transactions", "--output", "json")
    command = ("generate", f"kafka://{kafka.address}/{topic}", *options)
    for _ in range(3):
        with start(*command, cwd=tmp_path) as process:
            time.sleep(0.9)
            os.kill(process.pid, signal.SIGKILL)
    last = sparkify(*command, cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    assert faults(json.loads(last.stdout), "generate") == []
    generate(tmp_path / "out", GenerateOptions(users=400, songs=40))
    assert sorted(read_topic(topic)) == sorted(_lines(tmp_path / "out"))
    assert len(read_topic(f"{topic}_songs")) == 40


def test_a_run_that_is_done_adds_nothing_when_it_is_started_again(
    kafka: Broker, topic: str, read_topic: ReadTopic
) -> None:
    address, how = f"kafka://{kafka.address}/{topic}", TopicOptions(transactions=True)
    first = produce(address, OPTIONS, how)
    again = produce(address, OPTIONS, how)
    assert (again.events, again.songs, again.resumed) == (0, 0, True)
    assert len(read_topic(topic)) == first.events


def test_real_time_is_kept(kafka: Broker, topic: str) -> None:
    options = GenerateOptions(users=2000, songs=40, begin="2018-11-05T18:00", end="2018-11-05T18:30")
    done = produce(f"kafka://{kafka.address}/{topic}", options, TopicOptions(speed=900.0, transactions=True))
    assert done.events > 50
    assert 1.5 < done.seconds < 10


def test_forever_goes_on_with_the_next_period(kafka: Broker, topic: str, read_topic: ReadTopic, tmp_path: Path) -> None:
    command = (
        *("generate", f"kafka://{kafka.address}/{topic}", "--users", "20", "--songs", "10", "--forever"),
        *("--from", "2018-11-01", "--to", "2018-11-03", "--partitions", "1"),
    )
    with start(*command, cwd=tmp_path) as process:
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    times = [json.loads(value)["ts"] for value in read_topic(topic)]
    assert times == sorted(times)
    assert max(times) > 1_541_203_200_000  # 2018-11-03, where the first period ends


def test_a_broker_that_is_away_is_named(topic: str) -> None:
    with pytest.raises(SourceError, match=r"topic .* at 127\.0\.0\.1:9: .*broker"):
        produce(f"kafka://127.0.0.1:9/{topic}", OPTIONS, TopicOptions())


def test_an_unknown_property_names_the_nearest(kafka: Broker, topic: str) -> None:
    with pytest.raises(UsageError, match="unknown Kafka property") as caught:
        produce(f"kafka://{kafka.address}/{topic}", OPTIONS, TopicOptions(properties={"sasl.pasword": "hunter2"}))
    assert caught.value.hint == "Did you mean sasl.password?"
    assert "hunter2" not in str(caught.value)
