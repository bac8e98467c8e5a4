"""The whole run on one page: songs, blocks of users, days, and the move to the output folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sparkify.generate import catalogue
from sparkify.generate.catalogue import Record
from sparkify.generate.catalogue_files import read_catalogue
from sparkify.generate.config import Config, load
from sparkify.generate.job import Job
from sparkify.generate.options import GenerateOptions, Settings, Summary, resolve
from sparkify.generate.output import LOGS, SONGS, OutputFolder, Written
from sparkify.generate.songs import make_catalogue, make_outside
from sparkify.generate.spool import BlockIndex
from sparkify.generate.task import DayFile, disk_errors
from sparkify.generate.workers import Alone, Workers
from sparkify.text import without_password

Progress = Callable[[str, int, int], None]
MIN_OUTSIDE = 1_000  # songs outside the catalogue, if there are any
SMALL = 400_000  # expected events below which starting other processes takes longer than the work


class _Stage:
    """Counts the steps of one stage of the work."""

    def __init__(self, name: str, total: int, progress: Progress | None) -> None:
        self._name, self._total, self._progress, self._done = name, total, progress, 0
        self.step(0)

    def step(self, count: int = 1) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._name, self._done, self._total)


def run(out: Path, options: GenerateOptions, progress: Progress | None) -> Summary:
    """Simulate and write; see `sparkify.generate.generate`."""
    began = time.perf_counter()
    config = load(None if options.config is None else Path(options.config))
    settings = resolve(options, config)
    folder = OutputFolder(out, settings.force)
    records, skipped = catalogue_of(settings)
    job = job_of(settings, config, records)
    with folder:
        songs = _write_songs(records, folder, progress)
        blocks, days = _write_logs(job, folder, progress)
        logs = [Written(f"{LOGS}/{d.path}", d.size) for d in days]
        used = used_settings(settings)
        folder.publish(songs + logs, {"settings": used, "config": config.given})
    return Summary(
        out=out,
        begin=datetime.fromtimestamp(settings.begin, UTC),
        end=datetime.fromtimestamp(settings.end, UTC),
        users=job.population.total,
        sessions=sum(b.sessions for b in blocks),
        events=sum(d.events for d in days),
        plays=sum(d.plays for d in days),
        matched_plays=sum(d.matched for d in days),
        songs=len(records),
        skipped_songs=skipped,
        log_files=len(days),
        log_bytes=sum(d.size for d in days),
        seconds=time.perf_counter() - began,
        settings=used,
    )


def catalogue_of(settings: Settings) -> tuple[list[Record], int]:
    """The records of the songs that are played, and how many records of a given catalogue were skipped."""
    if settings.catalogue is not None:
        return read_catalogue(settings.catalogue, anonymous=settings.anonymous)
    return make_catalogue(settings.seed, settings.songs), 0


def job_of(settings: Settings, config: Config, records: list[Record]) -> Job:
    """What every worker needs to know of the run."""
    return Job(settings, config, [catalogue.song_of(record) for record in records], _outside(settings, records))


def _outside(settings: Settings, records: list[Record]) -> list[catalogue.Song]:
    if settings.match_rate >= 1:
        return []
    return make_outside(settings.seed, max(len(records), MIN_OUTSIDE), records)


def _write_songs(records: list[Record], folder: OutputFolder, progress: Progress | None) -> list[Written]:
    stage = _Stage("songs", len(records), progress)
    target = folder.partial / SONGS
    with disk_errors(target):
        files = catalogue.write(records, target, stage.step)
    return [Written(f"{SONGS}/{name}", size) for name, size in files]


def _write_logs(job: Job, folder: OutputFolder, progress: Progress | None) -> tuple[list[BlockIndex], list[DayFile]]:
    spool = folder.partial / "spool"
    firsts = range(0, job.population.total, job.block_users)
    calls = [(n, min(job.block_users, job.population.total - n), spool / f"{n}.block") for n in firsts]
    workers = min(job.settings.workers, max(len(calls), job.days))
    with Alone() if workers == 1 or job.events < SMALL else Workers(workers) as crew:
        crew.each("open", job)
        stage = _Stage("users", len(calls), progress)
        blocks = crew.map("block", calls, lambda _: stage.step())
        crew.each("collect", blocks)
        stage = _Stage("days", job.days, progress)
        days = crew.map("day", [(n, folder.partial / LOGS) for n in range(job.days)], lambda _: stage.step())
    return blocks, [day for day in days if day is not None]


def used_settings(settings: Settings) -> dict[str, Any]:
    """What the run was asked for, without what does not change the output, and without a password."""
    kept = {key: value for key, value in asdict(settings).items() if key not in ("workers", "force", "anonymous")}
    if settings.catalogue is not None:
        kept["catalogue"] = without_password(settings.catalogue)
    return kept
