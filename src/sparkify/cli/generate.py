"""`sparkify generate`: simulate events and songs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from sparkify.cli import generate_options as given
from sparkify.cli.options import Quiet, Verbose
from sparkify.cli.output import Format, is_quiet, print_json, say
from sparkify.cli.progress import counted
from sparkify.errors import UsageError
from sparkify.generate import GenerateOptions, Summary
from sparkify.generate import generate as run_generate
from sparkify.storage.kafka import is_topic

if TYPE_CHECKING:
    from sparkify.generate.topic import TopicOptions

STAGES = {"songs": "Writing songs", "users": "Simulating users", "days": "Writing days"}


def generate(
    out: given.Out,
    users: given.Users = None,
    begin: given.Begin = None,
    end: given.End = None,
    seed: given.Seed = None,
    songs: given.SongCount = None,
    catalogue: given.Catalogue = None,
    config: given.EventsimConfig = None,
    growth_rate: given.GrowthRate = None,
    attrition_rate: given.AttritionRate = None,
    match_rate: given.MatchRate = None,
    first_user_id: given.FirstUserId = None,
    gzip: given.Gzip = False,
    workers: given.WorkerCount = None,
    force: given.Force = False,
    speed: given.Speed = None,
    forever: given.Forever = False,
    topic_form: given.TopicForm = False,
    transactions: given.Transactions = False,
    partitions: given.Partitions = 6,
    output: Annotated[Format, typer.Option("--output", help="How to print the summary.")] = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Simulate users of a music service: logs and songs of any size, the same for the same seed."""
    options = GenerateOptions(
        users=users,
        begin=begin,
        end=end,
        seed=seed,
        songs=songs,
        catalogue=catalogue,
        anonymous=bool(catalogue) and _is_anonymous(),
        config=config,
        growth_rate=growth_rate,
        attrition_rate=attrition_rate,
        match_rate=match_rate,
        first_user_id=first_user_id,
        gzip=gzip,
        workers=workers,
        force=force,
    )
    if is_topic(out):
        _onto_topic(out, options, _topic_options(speed, forever, topic_form, transactions, partitions), output)
        return
    if speed is not None or forever or topic_form or transactions:
        raise UsageError(
            "--speed, --forever, --topic-form and --transactions are for topics", hint="Such as kafka://host:9092/topic"
        )
    with counted(STAGES) as progress:
        summary = run_generate(out, options, progress)
    _print_summary(summary, output, verbose)


def _topic_options(
    speed: float | None, forever: bool, topic_form: bool, transactions: bool, partitions: int
) -> TopicOptions:
    from sparkify.config.settings import load
    from sparkify.generate.topic import TopicOptions

    return TopicOptions(
        properties=load({}).settings.kafka_properties,
        topic_form=topic_form,
        speed=speed,
        forever=forever,
        transactions=transactions,
        partitions=partitions,
    )


def _onto_topic(uri: str, options: GenerateOptions, how: TopicOptions, output: Format) -> None:
    from sparkify.generate.topic import produce

    with counted({"events": "Producing events"}) as progress:
        done = produce(uri, options, how, (lambda events: progress("events", events, 0)) if progress else None)
    if output is Format.JSON:
        print_json(done._asdict())
        return
    if is_quiet():
        return
    rate = done.events / done.seconds
    rows = [
        ("events", f"{done.events:,}{' more; an earlier run was continued' if done.resumed else ''}"),
        ("songs", f"{done.songs:,}"),
        ("topics", ", ".join(done.topics)),
        ("time", f"{done.seconds:.1f} s ({rate:,.0f} events/s)"),
    ]
    print("\n".join(f"{name:<10} {value}" for name, value in rows))


def _print_summary(summary: Summary, output: Format, verbose: bool) -> None:
    if output is Format.JSON:
        print_json(dataclasses.asdict(summary))
    elif not is_quiet():
        print(_as_text(summary))
    if verbose:
        for name, value in summary.settings.items():
            say(f"{name} = {value}")


def _is_anonymous() -> bool:
    from sparkify.config.settings import load

    return load({}).settings.anonymous


def _as_text(summary: Summary) -> str:
    share = summary.matched_plays / summary.plays if summary.plays else 1.0
    rate = summary.events / summary.seconds
    rows = [
        ("period", f"{summary.begin:%Y-%m-%d %H:%M} to {summary.end:%Y-%m-%d %H:%M} UTC"),
        ("users", f"{summary.users:,}"),
        ("sessions", f"{summary.sessions:,}"),
        ("events", f"{summary.events:,}"),
        ("plays", f"{summary.plays:,} ({share:.1%} of songs in song_data)"),
        ("songs", f"{summary.songs:,}"),
        ("logs", f"{summary.out / 'log_data'}: {summary.log_files:,} files, {summary.log_bytes / 1e6:,.1f} MB"),
        ("catalogue", f"{summary.out / 'song_data'}"),
        ("time", f"{summary.seconds:.1f} s ({rate:,.0f} events/s)"),
    ]
    if summary.skipped_songs:
        rows.insert(6, ("skipped", f"{summary.skipped_songs:,} invalid records of the catalogue"))
    return "\n".join(f"{name:<10} {value}" for name, value in rows)
