"""The command that looks ahead: plan."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
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
    Output,
    Profile,
    RepairText,
    Reread,
    Songs,
    UnknownSongs,
    Verbose,
    Warehouse,
    load_settings,
)
from sparkify.cli.output import Format, count_of, plain_text, print_json, say
from sparkify.cli.pager import print_lines
from sparkify.cli.sentences import say_other_rules, say_passed_over
from sparkify.sources.base import shown
from sparkify.sources.offsets import Start

if TYPE_CHECKING:
    from sparkify.etl.plan import Plan
    from sparkify.sources.slices import Slice
    from sparkify.star.transform import Statement

MOST_FOLDERS = 12
"""Lines for new, for changed and for vanished files; folders are taken together until there are no more."""


def plan(
    sql: Annotated[bool, typer.Option("--sql", help="Print the exact SQL that etl would run.")] = False,
    every: Annotated[bool, typer.Option("--all", help="List every file, or every statement, one by one.")] = False,
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
    profile: Profile = None,
    output: Output = Format.TEXT,
    verbose: Verbose = False,
) -> None:
    """Show what etl would do: new, changed, vanished and failed files by folder, slices of topics; the exact SQL."""
    from sparkify.etl.preview import look_ahead

    settings = load_settings(
        config,
        profile,
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
        print_lines(_script(ahead.sql, is_folded=sys.stdout.isatty() and not every))
    else:
        print_lines(_lines(ahead.plan, every))
        _say_totals(ahead.plan)


def _files(plan: Plan) -> dict[str, object]:
    return {
        "new": [shown(file.uri) for file in plan.new],
        "changed": [shown(change.file.uri) for change in plan.changed],
        "grown": [shown(change.file.uri) for change in plan.grown],
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


def _lines(plan: Plan, every: bool) -> Iterator[str]:
    """What a run would read, by folder or file by file."""
    for word, uris in (
        ("new", [file.uri for file in plan.new]),
        ("changed", [change.file.uri for change in plan.changed]),
        ("grown", [change.file.uri for change in plan.grown]),
        ("vanished", [entry.uri for entry in plan.vanished]),
    ):
        paths = [shown(uri) for uri in uris]
        for found in paths if every else by_folder(paths):
            yield f"{word:<9} {plain_text(found)}"
    for entry in plan.failed:
        yield f"failed    {plain_text(shown(entry.uri))} {plain_text(entry.failure)}"
    for part in slices_of(plan):
        lost = f" ({part.lost:,} before were lost)" if part.lost else ""
        yield f"slice     {plain_text(part.uri)} {part.begin} to {part.end}: {part.end - part.begin:,} offsets{lost}"


def by_folder(paths: Sequence[str]) -> list[str]:
    """Folders with the number of files below each, a path in the place of a folder with one file.

    Folders are taken together, into one above them, until the list is short: as few of them as will do.
    """
    folders = Counter(path.rpartition("/")[0] for path in paths)
    alone = {path.rpartition("/")[0]: path for path in paths}
    while len(folders) > MOST_FOLDERS and (above := _to_take_together(folders)):
        taken = [folder for folder in folders if _is_in(folder, above)]
        folders[above] = sum(folders.pop(folder) for folder in taken)
    named = [alone[f] if n == 1 else f"{f or '.'}/   {count_of(n, 'file')}" for f, n in sorted(folders.items())]
    most = named[:MOST_FOLDERS]
    left = len(named) - len(most)
    return [*most, f"… and {count_of(left, 'more folder')}: see them with --all"] if left else most


def _to_take_together(folders: Collection[str]) -> str:
    """The folder above some others that makes the list short enough, or shorter; empty if there is none."""
    below = Counter(above for folder in folders for above in _with_all_above(folder))
    shared = {above: count for above, count in below.items() if count > 1}
    enough = [above for above, count in shared.items() if len(folders) - count + 1 <= MOST_FOLDERS]
    if enough:
        return min(enough, key=lambda above: (shared[above], -len(above)))
    return max(shared, key=lambda above: (shared[above], len(above)), default="")


def _with_all_above(folder: str) -> Iterator[str]:
    """A folder and those above it, up to the root of what holds it: a file system, a bucket."""
    scheme, separator, path = folder.rpartition("://")
    while path.strip("/"):
        yield f"{scheme}{separator}{path}"
        path = path.rpartition("/")[0]


def _is_in(folder: str, above: str) -> bool:
    return folder == above or folder.startswith(f"{above}/")


def _script(statements: Sequence[Statement], *, is_folded: bool) -> Iterator[str]:
    """The statements; those that differ from an earlier one in names alone are only named, if the script is folded."""
    alike: dict[str, list[Statement]] = {}
    for statement in statements:
        alike.setdefault(_shape(statement.sql) if is_folded else str(len(alike)), []).append(statement)
    for first, *others in alike.values():
        yield f"-- {first.about}"
        yield f"{first.sql};"
        if others:
            yield f"-- and {count_of(len(others), 'statement')} like it (all with --all):"
            yield from (f"--   {other.about}" for other in others)
        yield ""


def _shape(sql: str) -> str:
    """A statement without its names and numbers; keywords are in capitals."""
    without = re.sub(r'"[^"]+"|\b[a-z_]\w*\b', "x", re.sub(r"\b\d+\b", "0", sql))
    return re.sub(r"\bx(?:\s*,\s*x)+\b", "x", without)


def _say_totals(plan: Plan) -> None:
    if plan.slices:
        offsets = sum(part.end - part.begin for part in slices_of(plan))
        say(f"{offsets:,} offsets of {count_of(len(plan.slices), 'partition')} to read")
    say_other_rules(plan.read_otherwise, plan.gone_read_otherwise, "to be read again")
    size = sum(file.unread for file in plan.to_load)
    grown = f"{len(plan.grown):,} grown, " if plan.grown else ""
    say(
        f"{len(plan.new):,} new, {len(plan.changed):,} changed, {grown}{plan.unchanged:,} unchanged, "
        f"{len(plan.vanished):,} vanished; {size:,} bytes to load"
    )
    say_passed_over({kind: found.as_dict() for kind, found in plan.passed_over.items()})
