"""What a run has to do: the sources compared with the manifest, `etl_files`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sparkify.contract import Kind
from sparkify.errors import FileError
from sparkify.etl.event_topics import refuse_repeated_events
from sparkify.sources.base import Changed, Changes, Retagged, Source, SourceFile
from sparkify.sources.names import PassedOver
from sparkify.sources.offsets import FROM_WHERE_IT_STANDS, Start
from sparkify.sources.registry import file_at
from sparkify.sources.slices import Slice
from sparkify.warehouse.manifest import Entry


@dataclass
class Plan(Changes[Entry]):
    """What a run has to do, over all sources.

    `retagged` are files whose tag changed while their content did not: only the manifest has to follow. `passed_over`
    are files that are not read because of their names, by kind of source. `failed` are unchanged files that failed when
    they were read. `partitions_unchanged` of what is unchanged are partitions without new messages.
    """

    passed_over: dict[Kind, PassedOver] = field(default_factory=dict)
    failed: list[Entry] = field(default_factory=list)
    partitions_unchanged: int = 0

    @property
    def read_otherwise(self) -> int:
        """How many files are read again because the rules of reading changed."""
        return sum(changed.entry.was_read_otherwise for changed in self.changed)

    @property
    def gone_read_otherwise(self) -> int:
        """How many files are gone that were read by the rules of another version."""
        return sum(entry.was_read_otherwise for entry in self.vanished)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to load, and no tag to follow."""
        return not (self.new or self.changed or self.grown or self.retagged or self.slices)

    @property
    def offsets(self) -> int:
        """How many offsets of topics are to be read."""
        return sum(part.end - part.begin for part in self.slices if isinstance(part, Slice))

    @property
    def to_load(self) -> list[SourceFile]:
        """New, changed and grown files; songs first, so that plays find them."""
        files = [*self.new, *(changed.file for changed in (*self.changed, *self.grown))]
        return sorted(files, key=lambda file: (file.kind != "songs", file.uri))


Manifest = Mapping[Kind, Mapping[str, Entry]]
_OTHER_KIND: dict[Kind, Kind] = {"events": "songs", "songs": "events"}


def compare(
    sources: Mapping[Kind, Source], manifest: Manifest, *, reread: bool = False, start: Start = FROM_WHERE_IT_STANDS
) -> Plan:
    """Compare sources with the manifest.

    Only what the URI of a source could name can have vanished. With `reread`, the contents of all files are compared,
    whatever their tags say.

    Raises:
        UsageError: files would count events twice, for they are of topics that repeat each other.
    """
    plan = Plan()
    if events := sources.get("events"):
        refuse_repeated_events(events.uris(), manifest.get("events", {}))

    def again(entry: Entry) -> bool:
        return entry.is_unseen

    for kind, source in sources.items():
        found = source.pending(kind, manifest.get(kind, {}), again=again, reread=reread, start=start)
        other = manifest.get(_OTHER_KIND[kind], {})
        for file in found.new:
            if entry := other.get(file.uri):
                plan.changed.append(Changed(file, entry))  # it is of another kind now
            else:
                plan.new.append(file)
        plan.changed += found.changed
        plan.grown += found.grown
        plan.retagged += found.retagged
        plan.vanished += found.vanished
        plan.unchanged += found.unchanged
        plan.passed_over[kind] = found.skipped
        plan.slices += found.slices
        plan.partitions_unchanged += found.unchanged if source.holds_messages else 0
    moved = {changed.entry.file_id for changed in plan.changed}
    plan.vanished = [entry for entry in plan.vanished if entry.file_id not in moved]
    plan.failed = list(_still_failed(sources, manifest, moved))
    return plan


def _still_failed(sources: Mapping[Kind, Source], manifest: Manifest, read_again: set[int]) -> Iterator[Entry]:
    """Files that are there as they were when they failed."""
    for kind, source in sources.items():
        failed = [entry for entry in manifest.get(kind, {}).values() if entry.state == "failed"]
        there = set(source.uris()) if failed else set()
        yield from (entry for entry in failed if entry.uri in there and entry.file_id not in read_again)


def of_open_rejects(manifest: Manifest, *, anonymous: bool = False) -> Plan:
    """The files with open rejects, to be read again; those that cannot be opened any more count as vanished.

    Raises:
        SourceError: a source as a whole cannot be read.
    """
    plan = Plan()
    for kind, entries in manifest.items():
        for entry in entries.values():
            if not entry.open_rejects or entry.offset:  # messages are not read again: replays fix them
                plan.unchanged += 1
                continue
            try:
                plan.changed.append(Changed(file_at(kind, entry.uri, anonymous=anonymous), entry))
            except FileError:
                plan.vanished.append(entry)
    return plan


__all__ = ["Changed", "Manifest", "Plan", "Retagged", "compare", "of_open_rejects"]
