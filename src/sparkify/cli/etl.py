"""The command that loads: etl."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from sparkify.cli.options import (
    AcceptLostOffsets,
    Config,
    Every,
    Exclude,
    Following,
    FromBeginning,
    FromTime,
    Include,
    Logs,
    MaxRejects,
    Output,
    Profile,
    Quiet,
    RejectsFile,
    RepairText,
    Reread,
    Songs,
    SongsEvery,
    UnknownSongs,
    Verbose,
    Warehouse,
    load_settings,
    open_warehouse,
    output_file,
)
from sparkify.cli.output import Format, count_of, plain_text, print_json, say, warn
from sparkify.cli.progress import run_progress
from sparkify.cli.sentences import MOST_SHOWN, say_other_rules, say_passed_over, say_unpaired
from sparkify.sources.base import shown
from sparkify.sources.offsets import Start

MOST_FAILED_SHOWN = 20

if TYPE_CHECKING:
    from sparkify.config.settings import Loaded, Settings
    from sparkify.etl.summary import Options, Summary
    from sparkify.reports.unresolved import Unresolved


def etl(
    warehouse: Warehouse = None,
    logs: Logs = None,
    songs: Songs = None,
    include: Include = None,
    exclude: Exclude = None,
    unknown_songs: UnknownSongs = None,
    repair_text: RepairText = None,
    max_rejects: MaxRejects = None,
    rejects_file: RejectsFile = None,
    from_time: FromTime = None,
    from_beginning: FromBeginning = False,
    accept_lost_offsets: AcceptLostOffsets = False,
    follow: Following = False,
    every: Every = None,
    songs_every: SongsEvery = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove the rows of files that have vanished.")] = False,
    reread: Reread = False,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild the star from staging.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first file that fails.")] = False,
    config: Config = None,
    profile: Profile = None,
    output: Output = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Extract, stage, transform, check, commit."""
    from sparkify.etl.summary import Options

    loaded = load_settings(
        config,
        profile,
        warehouse=warehouse,
        logs=logs,
        songs=songs,
        include=include or None,
        exclude=exclude or None,
        unknown_songs=unknown_songs,
        repair_text=repair_text,
        max_rejects=max_rejects,
    )
    if verbose:
        _say_settings(loaded)
    options = Options(
        prune=prune,
        full_refresh=full_refresh,
        reread=reread,
        rejects_file=output_file(rejects_file, "the rejects", loaded, config),
        fail_fast=fail_fast,
        start=Start.of(from_time, accept_lost_offsets=accept_lost_offsets, from_beginning=from_beginning),
    )
    if follow or every is not None or songs_every is not None:
        from sparkify.cli.follow import follow as run_follow

        run_follow(loaded.settings, options, output, follow=follow, every=every, songs_every=songs_every)
        return
    summary, unresolved = _run(loaded.settings, options)
    report_summary(summary, unresolved, output, verbose)


def _run(settings: Settings, options: Options) -> tuple[Summary, Unresolved]:
    """Run once, with its progress on a terminal."""
    from sparkify.etl.listing import list_sources
    from sparkify.etl.mixed_up import refuse_mixed_up
    from sparkify.etl.run import Run
    from sparkify.reports.unresolved import find_unresolved

    with run_progress() as report:
        sources = list_sources(settings)  # first of all: a wrong source must leave no empty warehouse behind
        refuse_mixed_up(sources)
        with open_warehouse(settings, read_only=False) as engine:
            summary = Run(engine, settings, options, report).run(sources)
            return summary, find_unresolved(engine)


def report_summary(summary: Summary, unresolved: Unresolved, output: Format, verbose: bool) -> None:
    """Say what a run did, and what is open after it.

    Raises:
        typer.Exit: files failed, or every record that it read was rejected, which is no success.
    """
    if output is Format.JSON:
        print_json({**dataclasses.asdict(summary), "open": unresolved.as_dict()})
    else:
        _say_summary(summary, verbose)
        if unresolved.failed > len(summary.failed_files):
            warn(plain_text(unresolved.of_failed), "red")
        if unresolved.rejects:
            warn(plain_text(unresolved.of_rejects))
    if summary.is_failure:
        raise typer.Exit(1)


def _say_settings(loaded: Loaded) -> None:
    for name, value in loaded.settings.public().items():
        say(f"{name} = {plain_text(value)}  ({loaded.origins[name]})")


def _say_summary(summary: Summary, verbose: bool) -> None:
    if summary.migrated:
        say(plain_text(summary.migrated))
    for change in summary.listing_changed:
        say(plain_text(change))
    say_other_rules(summary.files_read_otherwise, summary.files_gone_read_otherwise, "read again")
    if summary.rebuilt_because:
        say(f"the star was rebuilt: {summary.rebuilt_because}")
    if summary.files_loaded or summary.partitions:
        events, songs = summary.loaded["events"], summary.loaded["songs"]
        loaded = f"loaded {count_of(events, 'event')} and {count_of(songs, 'song')} from {_where_from(summary)}"
        say(f"{loaded} in {_time_of(summary.elapsed, events + songs)}")
        _say_offsets(summary)
        _say_direct_loads(summary)
    elif summary.resolved or summary.replayed:
        resolved = count_of(summary.resolved, "rejected record")
        say(f"loaded {count_of(summary.replayed, 'record')} in the place of {resolved}")
    elif not summary.failed_files:
        say(f"nothing new to load: {_unchanged(summary)}")
    for uri, failure in list(summary.failed_files.items())[:MOST_FAILED_SHOWN]:
        warn(f"failed: {plain_text(shown(uri))} {plain_text(failure)}", "red")
    if len(summary.failed_files) > MOST_FAILED_SHOWN:
        warn(f"and {len(summary.failed_files) - MOST_FAILED_SHOWN:,} more files failed")
    if summary.rejected:
        resolved = f", of which replays resolve {summary.resolved:,}" if summary.resolved else ""
        read = count_of(summary.records, "record")
        warn(f"rejected {summary.rejected:,} of {read}{resolved}: see sparkify rejects list")
        for example in summary.rejected_examples:
            warn(f"  {plain_text(example)}", "")
    if summary.repaired_texts:
        where = count_of(summary.repaired_rows, "row")
        say(
            f"repaired {count_of(summary.repaired_texts, 'name')} in {where}: encoded to UTF-8 more than once "
            "(repair_text)"
        )
    say_passed_over(summary.passed_over)
    if summary.files_removed:
        say(f"removed the rows of {count_of(summary.files_removed, 'file')} no longer in the source")
    elif summary.vanished:
        vanished = count_of(len(summary.vanished), "file")
        say(f"no longer in the source: {vanished}; to remove the rows: sparkify etl --prune")
    say_unpaired(summary.unpaired_brackets)
    for kind, names in summary.unknown_names.items():
        say(f"fields of {kind} that the contract does not know were ignored: {plain_text(', '.join(names))}")
    for kind, misnamed in summary.misnamed_fields.items():
        meant = ", ".join(f"{name} (name it {known})" for name, known in misnamed.items())
        warn(f"warning: fields of {kind} were ignored, for names must match exactly: {plain_text(meant)}")
    for name, (count, about) in summary.warnings.items():
        warn(f"warning: check {name}, {count_of(count, 'bad row')}; expected: {about}")
    if summary.spent:
        say("spent: " + ", ".join(f"{name} {_amount(name, value)}" for name, value in summary.spent.items()))
    if verbose:
        say(", ".join(f"{step} {seconds:.2f} s" for step, seconds in summary.seconds.items()))


def _time_of(seconds: float, rows: int) -> str:
    """How long it took, and how fast that was."""
    rate = f" ({rows / seconds:,.0f} rows/s)" if rows and seconds else ""
    return f"{seconds:,.1f} s{rate}"


def _amount(name: str, value: float) -> str:
    return f"{value / 1e6:,.1f} MB" if name.startswith("bytes") else f"{value:,.1f} s"


def _where_from(summary: Summary) -> str:
    counts = ((summary.files_changed, "changed"), (summary.files_grown, "grown"))
    changed = "".join(f", {number:,} of them {word}" for number, word in counts if number)
    said = [count_of(summary.files_loaded, "file") + changed] if summary.files_loaded else []
    said += [count_of(len(summary.partitions), "partition")] if summary.partitions else []
    return " and ".join(said)


def _unchanged(summary: Summary) -> str:
    """What is there and was loaded before."""
    files, partitions = summary.files_unchanged - summary.partitions_unchanged, summary.partitions_unchanged
    said = [f"{count_of(files, 'file')} {'is' if files == 1 else 'are'} unchanged"] if files or not partitions else []
    said += [f"{count_of(partitions, 'partition')} without new messages"] if partitions else []
    return " and ".join(said)


def _say_offsets(summary: Summary) -> None:
    """What became of the offsets of topics that gave no record."""
    for losses in summary.accepted:
        say(f"accepted: {plain_text(losses)}")
    offsets = sum(part.end - part.begin for part in summary.partitions.values())
    tombstones = sum(part.tombstones for part in summary.partitions.values())
    without = sum(part.without_record for part in summary.partitions.values())
    said = [f"{count_of(tombstones, 'tombstone')}"] if tombstones else []
    said += [f"{without:,} without a record (aborted, compacted or control)"] if without else []
    if said:
        say(f"of {offsets:,} offsets, {' and '.join(said)}")


def _say_direct_loads(summary: Summary) -> None:
    """Which files the warehouse took in by itself, and which it was to take and did not."""
    if summary.files_direct:
        say(f"{count_of(summary.files_direct, 'large file')} went straight from S3 into the warehouse")
    for uri, reason in list(summary.not_direct.items())[:MOST_SHOWN]:
        say(f"read here: {plain_text(uri)}: {plain_text(reason)}")
    if len(summary.not_direct) > MOST_SHOWN:
        say(f"and {len(summary.not_direct) - MOST_SHOWN:,} more large files were read here (direct_from)")
