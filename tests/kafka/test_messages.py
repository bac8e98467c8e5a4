"""Rejects and explain by message: topic, partition, offset, time, key, value."""

from __future__ import annotations

import json
from pathlib import Path

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from tests.kafka.topics import Send, etl, offsets, plays
from tests.schemas import faults
from tests.servers.kafka import Broker
from tests.support import EngineUnderTest, event, rows, url_of, warehouse
from tests.unit.command import sparkify

PLAY = "1541121934799-1-1-3"


def test_rejects_are_shown_and_replayed_by_message(
    kafka: Broker, topic: str, send: Send, engine: EngineUnderTest, tmp_path: Path
) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    at = ("--warehouse", url_of(place), "--output", "json")
    bad = json.dumps(event(itemInSession=50, ts="soon")).encode()
    send(topic, [*plays(10), bad, bad], partitions=1, key=b"k")
    etl(place, logs=uri)
    ((file_id,),) = rows(place, "SELECT file_id FROM etl_offsets")
    listed = json.loads(sparkify("rejects", "list", *at, cwd=tmp_path).stdout)
    assert faults(listed, "rejects") == []
    assert [(row["reject"], row["line"], row["byte_offset"]) for row in listed] == [
        (f"{file_id}-11", None, 11), (f"{file_id}-10", None, 10),
    ]  # fmt: skip
    shown = json.loads(sparkify("rejects", "show", f"{file_id}-10", *at, cwd=tmp_path).stdout)
    assert faults(shown, "reject") == []
    assert (shown["offset"], shown["message_key"], shown["file"]) == (10, "k", f"{uri}/0")
    assert shown["message_time"]
    assert "soon" in shown["raw_text"]
    (tmp_path / "fixed.json").write_text(json.dumps(event(itemInSession=50)))
    done = sparkify("rejects", "replay", f"{file_id}-11", "--from", "fixed.json", *at, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(11,)]
    assert rows(place, 'SELECT position, file_id FROM staging_events WHERE "itemInSession" = 50') == [(11, file_id)]
    send(topic, [*plays(5, 20), bad])
    etl(place, logs=uri, max_rejects="50%")
    found = rows(place, "SELECT reject_no FROM etl_rejects WHERE resolved_by IS NULL ORDER BY reject_no")
    assert found == [(10,), (17,)], "a replay is bound to its message, not to those that look the same"
    assert offsets(place) == [(0, 18, 15, 3, 0, 0, 0)]


def test_a_play_leads_to_its_message(kafka: Broker, topic: str, send: Send, tmp_path: Path) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    send(topic, plays(10), partitions=1, aborted=[b"x"], key=b"k")
    etl(place, logs=uri)
    explain = ("explain", PLAY, "--warehouse", url_of(place), "--output", "json")
    found = json.loads(sparkify(*explain, cwd=tmp_path).stdout)
    assert faults(found, "explain") == []
    assert (found["topic"], found["partition"], found["offset"], found["message_key"]) == (topic, 0, 5, "k")
    assert json.loads(found["message"])["itemInSession"] == 3
    admin = AdminClient({"bootstrap.servers": kafka.address})
    admin.delete_records([TopicPartition(topic, 0, 8)])[TopicPartition(topic, 0, 8)].result(60)
    found = json.loads(sparkify(*explain, cwd=tmp_path).stdout)
    assert (found["offset"], found["message_unknown"]) == (5, "the broker does not have it any more")


def test_status_and_doctor_know_the_broker(kafka: Broker, topic: str, send: Send, tmp_path: Path) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    at = ("--warehouse", url_of(place), "--logs", uri, "--output", "json")
    send(topic, plays(10), partitions=1, config={"retention.ms": "3600000"})
    etl(place, logs=uri)
    (lag,) = json.loads(sparkify("status", *at, cwd=tmp_path).stdout)["lag"][uri]
    assert (lag["offsets"], lag["seconds"], lag["lost"]) == (0, None, 0)
    send(topic, plays(7, 10))
    status = json.loads(sparkify("status", *at, cwd=tmp_path).stdout)
    assert faults(status, "status") == []
    (lag,) = status["lag"][uri]
    assert lag["offsets"] == 7
    assert 0 < lag["seconds"] < 60
    assert 3_500 < lag["seconds_left"] < 3_600
    admin = AdminClient({"bootstrap.servers": kafka.address})
    admin.delete_records([TopicPartition(topic, 0, 12)])[TopicPartition(topic, 0, 12)].result(60)
    (lag,) = json.loads(sparkify("status", *at, cwd=tmp_path).stdout)["lag"][uri]
    assert (lag["offsets"], lag["lost"]) == (5, 2)
    told = sparkify("doctor", *at, cwd=tmp_path).stdout
    assert "1 partitions, 5 offsets, may be read; kept for 0.0 days" in told


def test_the_report_and_a_check_know_how_far_behind_a_topic_is(
    kafka: Broker, topic: str, send: Send, tmp_path: Path
) -> None:
    uri = f"kafka://{kafka.address}/{topic}"
    (tmp_path / "sparkify.toml").write_text(f'logs = "{uri}"\nmin_time_left = "24h"\n')
    send(topic, plays(5), partitions=1, config={"retention.ms": "3600000"})
    assert sparkify("etl", cwd=tmp_path).returncode == 0

    def check() -> dict[str, object]:
        found = json.loads(sparkify("analyze", "--report", "r.html", "--output", "json", cwd=tmp_path).stdout)
        (checked,) = (each for each in found["checks"] if each["name"] == "unread_messages_safe")
        assert isinstance(checked, dict)
        return checked

    assert check()["state"] == "passed"
    assert f"lag of {uri}" in (tmp_path / "r.html").read_text()
    send(topic, plays(7, 5))
    found = check()
    assert (found["state"], found["bad_rows"]) == ("warning", 1)
    assert "7 offsets unread in 1 of 1 partitions" in (tmp_path / "r.html").read_text()
    assert "warning: check unread_messages_safe, 1 row" in sparkify("status", cwd=tmp_path).stderr
    (tmp_path / "sparkify.toml").write_text('logs = "kafka://127.0.0.1:1/events"\nmin_time_left = "24h"\n')
    assert check()["state"] == "warning"
    assert "no broker answer" in (tmp_path / "r.html").read_text()
