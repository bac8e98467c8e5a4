"""A topic as a source, against a real broker: each committed message is loaded once, each offset accounted for."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from tests.kafka.topics import Send, content, etl, offsets, on_every_engine, plays
from tests.servers.kafka import Broker
from tests.support import EngineUnderTest, event, rows, song, url_of, warehouse, write_lines
from tests.unit.command import sparkify as command
from tests.unit.command import start

from sparkify.errors import UsageError
from sparkify.generate import GenerateOptions, generate
from sparkify.generate.topic import TopicOptions, produce
from sparkify.sql import definitions

OPTIONS = GenerateOptions(users=60, songs=40, seed=3)


def test_the_same_as_from_files_over_chunks_and_runs(
    kafka: Broker, topic: str, send: Send, engine: EngineUnderTest, tmp_path: Path
) -> None:
    generate(tmp_path / "out", OPTIONS)
    songs = str(tmp_path / "out/song_data")
    files = warehouse(tmp_path, "files")
    etl(files, logs=str(tmp_path / "out/log_data"), songs=songs)
    days = sorted((tmp_path / "out/log_data").rglob("*.json"))
    place, uri = warehouse(tmp_path, "topic"), f"kafka://{kafka.address}/{topic}"
    for part in (days[:15], days[15:]):
        send(topic, (line for day in part for line in day.read_bytes().splitlines()))
        done = etl(place, logs=uri, songs=songs, chunk_bytes=400_000)
        assert done.chunks > 2
        assert not done.rejected
    assert content(place) == content(files)
    assert rows(place, "SELECT COUNT(*) FROM etl_files WHERE uri LIKE 'kafka:%'") == [(2,)]
    assert rows(place, "SELECT COUNT(*) FROM staging_events WHERE position IS NULL") == [(0,)]
    again = etl(place, logs=uri, songs=songs)
    assert (again.partitions, again.partitions_unchanged, again.files_unchanged) == ({}, 2, 42)


POISON = (
    b"", b"   ", b"null", b"[{}]", b"17", b'{"ts": 1', b"\xff\xfe{", b"\x00\x00\x00\x00\x07\x02avro",
    b'{"a": 1} {"a": 2}', json.dumps(event(ts="soon")).encode(), json.dumps(event(page=None)).encode(),
)  # fmt: skip


@on_every_engine
def test_every_offset_is_accounted_for(
    kafka: Broker, topic: str, send: Send, engine: EngineUnderTest, tmp_path: Path
) -> None:
    good = list(plays(300))
    registry = b"\x00\x00\x00\x00\x07" + next(plays(1, 300))
    several = next(plays(1, 301)).replace(b", ", b",\n") + b"\n"
    values: list[bytes | None] = [*good[:100], None, *POISON, *good[100:], registry, several, None]
    send(topic, values, partitions=1, aborted=[b"never seen"] * 5, key=b"k\x01")
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    done = etl(place, logs=uri, max_rejects="50%")
    # five aborted, the marker of the abort; the marker of the commit is behind the last stable offset or before it
    assert offsets(place) == [(0, len(values) + 7, 302, len(POISON), 2, 7, 0)]
    assert (done.loaded["events"], done.rejected) == (302, len(POISON))
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(302,)]
    first = 6 + 101
    found = rows(place, "SELECT reject_no, byte_offset, line, message_key, message_time IS NULL FROM etl_rejects")
    assert sorted(found) == [(first + n, first + n, 0, "k\\x01", False) for n in range(len(POISON))]
    reasons = dict(rows(place, "SELECT reject_no, reason FROM etl_rejects"))
    assert reasons[first] == "is empty"
    assert "Avro" in reasons[first + 7]
    assert {position for (position,) in rows(place, "SELECT position FROM staging_events")} >= {6, 105, first + 11}


def test_songs_may_come_as_messages(kafka: Broker, topic: str, send: Send, tmp_path: Path) -> None:
    send(topic, [json.dumps(song(title=f"Song {n}", song_id=f"SO{n}")).encode() for n in range(7)])
    write_lines(tmp_path / "logs/a.json", plays(20))
    place = warehouse(tmp_path)
    etl(place, logs=str(tmp_path / "logs"), songs=f"kafka://{kafka.address}/{topic}")
    assert rows(place, "SELECT COUNT(*) FROM songplays WHERE song_id LIKE 'SO_'") == [(20,)]


def test_the_topic_form_gives_the_same_star(kafka: Broker, topic: str, tmp_path: Path) -> None:
    generate(tmp_path / "out", OPTIONS)
    songs = str(tmp_path / "out/song_data")
    files, place = warehouse(tmp_path, "files"), warehouse(tmp_path, "topic")
    etl(files, logs=str(tmp_path / "out/log_data"), songs=songs)
    prefix = f"kafka://{kafka.address}/{topic}."
    produce(prefix, OPTIONS, TopicOptions(topic_form=True))
    etl(place, logs=f"{prefix}page_view_events", songs=songs)
    expected, found = content(files), content(place)
    assert {name: len(found[name]) for name in found} == {name: len(expected[name]) for name in expected}
    for name in definitions.STAR:
        assert found[name] == expected[name], name
    for repeating in ("listen_events", "auth_events"):
        with pytest.raises(UsageError, match=repeating):
            etl(place, logs=prefix + repeating, songs=songs)


def test_killed_at_any_moment_nothing_is_there_twice(
    kafka: Broker, topic: str, send: Send, engine: EngineUnderTest, tmp_path: Path
) -> None:
    place, uri = warehouse(tmp_path), f"kafka://{kafka.address}/{topic}"
    arguments = ("etl", "--warehouse", url_of(place), "--logs", uri)
    settings = "chunk_bytes = 300000\n"
    (tmp_path / "sparkify.toml").write_text(settings)
    sent = 0
    for pause in (1.2, 1.7, 2.3):
        send(topic, plays(2_000, sent), partitions=3, aborted=[b"{}"] * 20)
        sent += 2_000
        with start(*arguments, cwd=tmp_path) as process:
            time.sleep(pause)
            os.kill(process.pid, signal.SIGKILL)
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(place, 'SELECT COUNT(*), COUNT(DISTINCT "itemInSession") FROM staging_events') == [(sent, sent)]
    assert rows(place, "SELECT COUNT(*) FROM songplays") == [(sent,)]
    total = rows(place, "SELECT SUM(next_offset), SUM(without_record) FROM etl_offsets")
    (next_offsets, without) = total[0]
    assert int(next_offsets) == sent + int(without)
