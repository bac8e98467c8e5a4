"""Commands that load: plan, etl."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sparkify.cli.options import (
    AcceptLostOffsets,
    Config,
    Exclude,
    FromBeginning,
    FromTime,
    Include,
    Logs,
    MaxRejects,
    Output,
    RepairText,
    Reread,
    Songs,
    UnknownSongs,
    Verbose,
    Warehouse,
    load_settings,
    open_warehouse,
    output_file,
)
from sparkify.cli.output import Format, count_of, plain_text, print_json, say
from sparkify.sources.base import shown
from sparkify.sources.offsets import Start

MOST_SHOWN = 3
MOST_FAILED_SHOWN = 20

if TYPE_CHECKING:
    from sparkify.config.settings import Loaded
    from sparkify.etl.plan import Plan
    from sparkify.etl.summary import OnProgress, Progress, Summary
    from sparkify.reports.unresolved import Unresolved
    from sparkify.sources.slices import Slice


def etl(
    warehouse: Warehouse = None,
    logs: Logs = None,
    songs: Songs = None,
    include: Include = None,
    exclude: Exclude = None,
    unknown_songs: UnknownSongs = None,
    repair_text: RepairText = None,
    max_rejects: MaxRejects = None,
    rejects_file: Annotated[
        Path | None,
        typer.Option(help="Where to write the rejects of a refused run, as JSON lines; - is stdout.", metavar="FILE"),
    ] = None,
    from_time: FromTime = None,
    from_beginning: FromBeginning = False,
    accept_lost_offsets: AcceptLostOffsets = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove the rows of files that have vanished.")] = False,
    reread: Reread = False,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild the star from staging.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first file that fails.")] = False,
    config: Config = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Extract, stage, transform, check, commit."""
    from sparkify.etl.listing import list_sources
    from sparkify.etl.run import Run
    from sparkify.etl.summary import Options
    from sparkify.reports.unresolved import find_unresolved

    loaded = load_settings(
        config,
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
    sources = list_sources(loaded.settings)  # first of all: a wrong source must leave no empty warehouse behind
    rejects_output = output_file(rejects_file, "the rejects", loaded, config)
    options = Options(
        prune=prune,
        full_refresh=full_refresh,
        reread=reread,
        rejects_file=rejects_output,
        fail_fast=fail_fast,
        start=Start.of(from_time, accept_lost_offsets=accept_lost_offsets, from_beginning=from_beginning),
    )
    with open_warehouse(loaded.settings, read_only=False) as engine, _progress_bar() as report:
        summary = Run(engine, loaded.settings, options, report).run(sources)
        unresolved = find_unresolved(engine)
    report_summary(summary, unresolved, output, verbose)


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
            say(plain_text(unresolved.of_failed))
        if unresolved.rejects:
            say(plain_text(unresolved.of_rejects))
    if summary.is_failure:
        raise typer.Exit(1)


def _say_settings(loaded: Loaded) -> None:
    for name, value in loaded.settings.public().items():
        say(f"{name} = {plain_text(value)}  ({loaded.origins[name]})")


@contextmanager
def _progress_bar() -> Iterator[OnProgress | None]:
    """A progress bar on a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description:<10}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("list", total=None)

        def report(progress: Progress) -> None:
            bar.update(task, description=progress.step, completed=progress.done, total=progress.total or None)

        yield report


def _say_summary(summary: Summary, verbose: bool) -> None:
    if summary.migrated:
        say(plain_text(summary.migrated))
    for change in summary.listing_changed:
        say(plain_text(change))
    _say_other_rules(summary.files_read_otherwise, summary.files_gone_read_otherwise, "read again")
    if summary.rebuilt_because:
        say(f"the star was rebuilt: {summary.rebuilt_because}")
    if summary.files_loaded or summary.partitions:
        events, songs = summary.loaded["events"], summary.loaded["songs"]
        say(f"loaded {count_of(events, 'event')} and {count_of(songs, 'song')} from {_where_from(summary)}")
        _say_offsets(summary)
        _say_direct_loads(summary)
    elif summary.resolved or summary.replayed:
        resolved = count_of(summary.resolved, "rejected record")
        say(f"loaded {count_of(summary.replayed, 'record')} in the place of {resolved}")
    elif not summary.failed_files:
        say(f"nothing new to load: {_unchanged(summary)}")
    for uri, failure in list(summary.failed_files.items())[:MOST_FAILED_SHOWN]:
        say(f"failed: {plain_text(shown(uri))} {plain_text(failure)}")
    if len(summary.failed_files) > MOST_FAILED_SHOWN:
        say(f"and {len(summary.failed_files) - MOST_FAILED_SHOWN:,} more files failed")
    if summary.rejected:
        resolved = f", of which replays resolve {summary.resolved:,}" if summary.resolved else ""
        read = count_of(summary.records, "record")
        say(f"rejected {summary.rejected:,} of {read}{resolved}: see sparkify rejects list")
        for example in summary.rejected_examples:
            say(f"  {plain_text(example)}")
    if summary.repaired_texts:
        where = count_of(summary.repaired_rows, "row")
        say(
            f"repaired {count_of(summary.repaired_texts, 'name')} in {where}: encoded to UTF-8 more than once "
            "(repair_text)"
        )
    _say_passed_over(summary.passed_over)
    if summary.files_removed:
        say(f"removed the rows of {count_of(summary.files_removed, 'file')} no longer in the source")
    elif summary.vanished:
        vanished = count_of(len(summary.vanished), "file")
        say(f"no longer in the source: {vanished}; to remove the rows: sparkify etl --prune")
    _say_unpaired(summary.unpaired_brackets)
    for kind, names in summary.unknown_names.items():
        say(f"fields of {kind} that the contract does not know were ignored: {plain_text(', '.join(names))}")
    for kind, misnamed in summary.misnamed_fields.items():
        meant = ", ".join(f"{name} (name it {known})" for name, known in misnamed.items())
        say(f"warning: fields of {kind} were ignored, for names must match exactly: {plain_text(meant)}")
    for name, (count, about) in summary.warnings.items():
        say(f"warning: check {name}, {count_of(count, 'bad row')}; expected: {about}")
    if verbose:
        say(", ".join(f"{step} {seconds:.2f} s" for step, seconds in summary.seconds.items()))


def _where_from(summary: Summary) -> str:
    changed = f", {summary.files_changed:,} of them changed" if summary.files_changed else ""
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


def plan(
    sql: Annotated[bool, typer.Option("--sql", help="Print the exact SQL that etl would run.")] = False,
    warehouse: Warehouse = None,
    logs: Logs = None,
    songs: Songs = None,
    include: Include = None,
    exclude: Exclude = None,
    unknown_songs: UnknownSongs = None,
    repair_text: RepairText = None,
    reread: Reread = False,
    from_time: FromTime = None,
    from_beginning: FromBeginning = False,
    accept_lost_offsets: AcceptLostOffsets = False,
    config: Config = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Show what etl would do: new, changed, vanished and failed files, slices of topics; the exact SQL."""
    from sparkify.etl.preview import look_ahead

    settings = load_settings(
        config,
        warehouse=warehouse,
        logs=logs,
        songs=songs,
        include=include or None,
        exclude=exclude or None,
        unknown_songs=unknown_songs,
        repair_text=repair_text,
    ).settings
    start = Start.of(from_time, accept_lost_offsets=accept_lost_offsets, from_beginning=from_beginning)
    ahead = look_ahead(settings, reread=reread, start=start)
    if output is Format.JSON:
        document = _files(ahead.plan)
        if sql:
            document["sql"] = [statement._asdict() for statement in ahead.sql]
        print_json(document)
    elif sql:
        for statement in ahead.sql:
            print(f"-- {statement.about}\n{statement.sql};\n")
    else:
        _print_plan(ahead.plan)


def _files(plan: Plan) -> dict[str, object]:
    from sparkify.sources.base import shown

    return {
        "new": [shown(file.uri) for file in plan.new],
        "changed": [shown(change.file.uri) for change in plan.changed],
        "unchanged": plan.unchanged,
        "vanished": [shown(entry.uri) for entry in plan.vanished],
        "failed": {shown(entry.uri): entry.failure for entry in plan.failed},
        "slices": [
            {"partition": part.uri, "from": part.begin, "to": part.end, "lost": part.lost} for part in slices_of(plan)
        ],
        "passed_over": {kind: found.as_dict() for kind, found in plan.passed_over.items()},
    }


def slices_of(plan: Plan) -> list[Slice]:
    """The slices of topics that a plan would read."""
    from sparkify.sources.slices import Slice

    return [part for part in plan.slices if isinstance(part, Slice)]


def _print_plan(plan: Plan) -> None:
    from sparkify.sources.base import shown

    for word, uris in (
        ("new", [file.uri for file in plan.new]),
        ("changed", [change.file.uri for change in plan.changed]),
        ("vanished", [entry.uri for entry in plan.vanished]),
    ):
        for uri in uris:
            print(f"{word:<9} {plain_text(shown(uri))}")
    for entry in plan.failed:
        print(f"failed    {plain_text(shown(entry.uri))} {plain_text(entry.failure)}")
    for part in slices_of(plan):
        lost = f" ({part.lost:,} before were lost)" if part.lost else ""
        print(f"slice     {plain_text(part.uri)} {part.begin} to {part.end}: {part.end - part.begin:,} offsets{lost}")
    if plan.slices:
        offsets = sum(part.end - part.begin for part in slices_of(plan))
        say(f"{offsets:,} offsets of {count_of(len(plan.slices), 'partition')} to read")
    _say_other_rules(plan.read_otherwise, plan.gone_read_otherwise, "to be read again")
    size = sum(file.size for file in plan.to_load)
    say(
        f"{len(plan.new):,} new, {len(plan.changed):,} changed, {plan.unchanged:,} unchanged, "
        f"{len(plan.vanished):,} vanished; {size:,} bytes to load"
    )
    _say_passed_over({kind: found.as_dict() for kind, found in plan.passed_over.items()})


def _say_other_rules(read_again: int, gone: int, what: str) -> None:
    """Say what became of files that another version read by other rules."""
    if read_again:
        say(f"the rules of reading have changed: {count_of(read_again, 'file')} {what}")
    if gone:
        say(f"the rules of reading have changed: {count_of(gone, 'file')} no longer in the source keep their rows")


def _say_unpaired(uris: Sequence[str]) -> None:
    """Warn of files with brackets between records that have no partner."""
    for uri in uris[:MOST_SHOWN]:
        say(f"warning: {plain_text(shown(uri))}: its brackets [ ] do not pair; was it cut off?")
    if len(uris) > MOST_SHOWN:
        say(f"warning: the brackets [ ] of {len(uris) - MOST_SHOWN:,} more files do not pair")


def _say_passed_over(passed_over: Mapping[str, Mapping[str, object]]) -> None:
    """Say what was not read because of its name, by kind of source."""
    from sparkify.sources.names import in_words

    for kind, found in passed_over.items():
        if said := in_words(found):
            say(f"passed over in {'logs' if kind == 'events' else kind}: {plain_text(said)}")
