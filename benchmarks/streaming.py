"""Kafka: catching up with a topic, how fresh what is followed is, and memory over time. A broker is started for it.

usage: python -m benchmarks.streaming catch-up [--users 3000] [--partitions 6] [--topic-form]
       python -m benchmarks.streaming freshness [--rate 500] [--minutes 2] [--every 5] [--logs FOLDER --songs FOLDER]
       python -m benchmarks.streaming memory [--rate 2000] [--minutes 3] [--every 5] [--svg docs/memory.svg]

What is measured: from broker to commit, by whole processes, in wall and processor time (catch-up); from the moment
that an event is produced to that of the commit that holds it, in seconds (freshness, on top of FOLDER's events); the
memory of a process that follows, once a second (memory). With `--minutes 30` that is the form of the budget.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tests.servers.kafka import Broker
from tests.support import event

import sparkify
from sparkify.etl.follow import Watcher
from sparkify.etl.session import Commit
from sparkify.generate import GenerateOptions
from sparkify.generate.topic import TopicOptions, produce

COMMAND = (sys.executable, "-m", "sparkify")
TOPIC = "events"
TICK = 0.02
"""Seconds between two sendings of a producer that keeps a rate."""


@contextmanager
def broker_with_topic(partitions: int) -> Iterator[Broker]:
    broker = Broker()
    try:
        admin = AdminClient({"bootstrap.servers": broker.address})
        admin.create_topics([NewTopic(TOPIC, partitions)])[TOPIC].result(60)
        yield broker
    finally:
        broker.remove()


def catch_up(arguments: argparse.Namespace) -> None:
    """Produce a month of events, then load them with one `etl`."""
    broker = Broker()
    try:
        prefix = f"kafka://{broker.address}/bench."
        how = TopicOptions(topic_form=arguments.topic_form, partitions=arguments.partitions, songs=False)
        uri = f"{prefix}page_view_events" if arguments.topic_form else f"kafka://{broker.address}/bench"
        done = produce(prefix if arguments.topic_form else uri, GenerateOptions(users=arguments.users, seed=3), how)
        print(f"produced {done.events:,} events in {done.seconds:.1f} s", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            command = [
                *COMMAND,
                "etl",
                "--verbose",
                "--output",
                "json",
                "--logs",
                uri,
                "--warehouse",
                "duckdb:///w.duckdb",
            ]
            out = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        found = json.loads(out.stdout)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        events = found["loaded"]["events"]
        steps = {step: round(value, 2) for step, value in found["seconds"].items()}
        rates = {"events_per_second": round(events / wall), "events_per_processor_second": round(events / processor)}
        spent = {"wall": round(wall, 2), "processor": round(processor, 2), "peak_mb": after.ru_maxrss // 1024}
        print(json.dumps({"events": events, **spent, **rates, "seconds": steps}))
    finally:
        broker.remove()


def keep_rate(address: str, rate: float, seconds: float, times: list[float]) -> None:
    """Produce so many events a second, each with the time of now; when each was produced is kept."""
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
    begun = time.time()
    number = 0
    while (now := time.time()) < begun + seconds:
        while number < (now - begun) * rate:
            record = event(
                ts=int(now * 1000), sessionId=number // 50, itemInSession=number % 50, userId=str(number % 997)
            )
            times.append(time.time())
            producer.produce(TOPIC, json.dumps(record).encode())
            number += 1
        producer.poll(0)
        time.sleep(TICK)
    producer.flush(60)


class _Commits(Watcher):
    """Remembers up to which event each commit goes."""

    def __init__(self) -> None:
        self.done = 0
        self.commits: list[tuple[int, float]] = []

    def committed(self, commit: Commit) -> None:
        if commit.offsets:
            self.done += commit.offsets
            self.commits.append((self.done, commit.at))


def freshness(arguments: argparse.Namespace) -> None:
    """Follow a topic of one partition onto which events are produced, and compare times."""
    with broker_with_topic(1) as broker, tempfile.TemporaryDirectory() as folder:
        url, watcher = f"duckdb:///{folder}/w.duckdb", _Commits()
        times: list[float] = []
        if arguments.logs:
            with sparkify.connect(url) as warehouse:
                warehouse.etl(logs=arguments.logs, songs=arguments.songs)
        seconds = arguments.minutes * 60
        thread = threading.Thread(target=keep_rate, args=(broker.address, arguments.rate, seconds, times))
        end = time.monotonic() + seconds + 3 * arguments.every + 10
        logs = f"kafka://{broker.address}/{TOPIC}"
        followed = sparkify.follow(
            url, logs=logs, every=arguments.every, watcher=watcher, stop=lambda: time.monotonic() > end
        )
        thread.start()
        batches = [summary.seconds for summary in followed]
        thread.join()
    place = 0
    ages = []
    for number, produced in enumerate(times):
        while place < len(watcher.commits) and watcher.commits[place][0] <= number:
            place += 1
        if place < len(watcher.commits):
            ages.append(watcher.commits[place][1] - produced)
    work = [sum(batch.values()) for batch in batches]
    print(json.dumps({"events": len(times), "committed": len(ages), "median": round(statistics.median(ages), 2),
                      "p95": round(sorted(ages)[len(ages) * 95 // 100], 2), "longest": round(max(ages), 2),
                      "batches": len(batches), "median_batch": round(statistics.median(work), 3)}))  # fmt: skip


def memory(arguments: argparse.Namespace) -> None:
    """Follow in a process of its own, and look at its memory once a second."""
    with broker_with_topic(6) as broker, tempfile.TemporaryDirectory() as folder:
        seconds = arguments.minutes * 60
        sender = threading.Thread(target=keep_rate, args=(broker.address, arguments.rate, seconds, []))
        logs = f"kafka://{broker.address}/{TOPIC}"
        command = (
            "etl",
            "--follow",
            "--every",
            str(arguments.every),
            "--logs",
            logs,
            "--warehouse",
            "duckdb:///w.duckdb",
        )
        follower = subprocess.Popen([*COMMAND, *command], cwd=folder, stderr=subprocess.DEVNULL)
        sender.start()
        begun, seen = time.monotonic(), []
        while sender.is_alive():
            seen.append((time.monotonic() - begun, _resident(follower.pid)))
            time.sleep(1)
        time.sleep(2 * arguments.every)
        follower.send_signal(signal.SIGTERM)
        code = follower.wait(60)
        with sparkify.connect(f"duckdb:///{folder}/w.duckdb", read_only=True) as warehouse:
            events = warehouse.row_counts()["staging_events"]
    settled = [size for at, size in seen if at > seconds / 4]
    half = len(settled) // 2
    medians = [round(statistics.median(part)) for part in (settled[:half], settled[half:])]
    peak = round(max(size for _, size in seen))
    print(json.dumps({"events": events, "exit": code, "seconds": round(seen[-1][0]), "peak_mb": peak,
                      "median_mb_first_half": medians[0], "median_mb_second_half": medians[1]}))  # fmt: skip
    if arguments.svg:
        arguments.svg.write_text(_drawn(seen), encoding="utf-8")


def _resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _drawn(seen: list[tuple[float, float]], width: int = 720, height: int = 300, margin: int = 48) -> str:
    """Memory over time as SVG."""
    most, last = max(size for _, size in seen) * 1.1, seen[-1][0]
    places = " ".join(
        f"{margin + at / last * (width - 2 * margin):.1f},{height - margin - size / most * (height - 2 * margin):.1f}"
        for at, size in seen
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
    about = f"memory of a process that follows, MB (highest {max(size for _, size in seen):.0f})"
    return (
        f'{head}<rect width="{width}" height="{height}" fill="white"/>'
        f'<polyline points="{places}" fill="none" stroke="#0b5cad" stroke-width="2"/>'
        f'<text x="{margin}" y="{margin - 12}" font-size="13">{about}</text>'
        f'<text x="{margin}" y="{height - 16}" font-size="13">0 to {last / 60:.0f} minutes</text></svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="streaming", description=__doc__.split("\n")[0] if __doc__ else "")
    commands = parser.add_subparsers(required=True)
    first = commands.add_parser("catch-up")
    first.add_argument("--users", type=int, default=3_000)
    first.add_argument("--partitions", type=int, default=6)
    first.add_argument("--topic-form", action="store_true")
    first.set_defaults(run=catch_up)
    for name, run, rate, minutes in (("freshness", freshness, 500, 2.0), ("memory", memory, 2_000, 3.0)):
        found = commands.add_parser(name)
        found.add_argument("--rate", type=float, default=rate)
        found.add_argument("--minutes", type=float, default=minutes)
        found.add_argument("--every", type=float, default=5.0)
        found.add_argument("--logs")
        found.add_argument("--songs")
        found.add_argument("--svg", type=Path)
        found.set_defaults(run=run)
    arguments = parser.parse_args()
    os.environ.setdefault("PYTHONUTF8", "1")
    arguments.run(arguments)


if __name__ == "__main__":
    main()
