"""A run as a stream: events in the order of time, for a sink that takes them one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sparkify.generate.job import Job
from sparkify.generate.options import Settings
from sparkify.generate.spool import BlockIndex
from sparkify.generate.task import Task


@dataclass(frozen=True)
class Part:
    """Some events that follow each other: their times in milliseconds since the epoch, and their lines of JSON."""

    times: list[int]
    lines: list[bytes]


def blocks_of(job: Job, spool: Path) -> list[BlockIndex]:
    """Simulate the run's users, whose events are kept below `spool`."""
    task = Task()
    task.open(job)
    firsts = range(0, job.population.total, job.block_users)
    return [
        task.block(first, min(job.block_users, job.population.total - first), spool / f"{first}.block")
        for first in firsts
    ]


def parts(job: Job, spool: Path) -> Iterator[Part]:
    """The events of a run in the order of time; `spool` is an empty folder for the time being."""
    task = Task()
    task.open(job)
    task.collect(blocks_of(job, spool))
    for number in range(job.days * job.buckets_a_day):
        found = task.bucket(number)
        if found is not None:
            times, rendered = found
            yield Part(times, b"".join(rendered).splitlines())


def next_period(settings: Settings) -> Settings:
    """The settings of the run that goes on where this one ends: as long, with the next seed."""
    length = settings.end - settings.begin
    return replace(settings, begin=settings.end, end=settings.end + length, seed=settings.seed + 1)
