"""What a run is asked to do, how far it is, and what it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sparkify.contract import RECORD_TYPES, Kind
from sparkify.reader.validation import meant_name
from sparkify.sources.base import shown
from sparkify.sources.offsets import FROM_WHERE_IT_STANDS, Start
from sparkify.storage.output_file import OutputFile

if TYPE_CHECKING:
    from sparkify.etl.plan import Plan
    from sparkify.reader.batch import ReadChunk
    from sparkify.reader.reader import FileRead, OffsetsRead
    from sparkify.warehouse.manifest import Entry
    from sparkify.warehouse.replays import Replay, ResolvedFile

MOST_NAMES = 20
"""How many unknown names of a kind are told."""
MOST_EXAMPLES = 3
"""How many rejects are shown as examples; `sparkify rejects list` shows more."""


@dataclass
class Options:
    """What one run is asked to do, beside its settings.

    `reread` compares the contents of all files, whatever their tags say;
    `fail_fast` stops at the first file that failed. `start` says where a topic begins, and which losses of messages are
    accepted.
    """

    prune: bool = False
    full_refresh: bool = False
    reread: bool = False
    fail_fast: bool = False
    start: Start = FROM_WHERE_IT_STANDS
    rejects_file: OutputFile | None = None


class PartitionRead(NamedTuple):
    """What a run read of a partition: offsets from `begin` to `end`, which is not among them."""

    begin: int
    end: int
    tombstones: int
    without_record: int


@dataclass
class Summary:
    """What a run did.

    `warnings` are checks by name, with the number of rows and what the check asks. `seconds` are by step,
    `elapsed` are those from the beginning to the end; `spent` is what the engine counts of what is paid for: bytes and
    seconds.
    `repaired_texts` are different names that the setting `repair_text` repaired in `repaired_rows`: plays, records of
    the catalogue and users that are new or changed. `files_direct` of the files loaded were taken in by the warehouse
    itself; `not_direct` says of others, by URI, why they were not. `passed_over` are files that were not read because
    of their names, by kind (see `names.PassedOver`). `listing_changed` says which settings changed that choose files.
    `migrated` says what was done to a warehouse of an older version. `failed_files` says, by URI, why nothing of a file
    is loaded; `records` and `rejected` are without them. `resolved` of the records rejected are resolved by replays,
    which put `replayed` records in their place; in a run that only loads replays, `rejected` is 0. `partitions` says
    what was read of topics, by URI; they are not among the files loaded, and those without
    new messages are `partitions_unchanged` of the files unchanged. `accepted` are losses of messages, as the user
    accepted them.
    `files_grown` of the files loaded were read before, and have only grown: what they had more was added.
    `files_read_otherwise` of the files changed were read before by the rules of another version, and so were
    `files_gone_read_otherwise` of those vanished, whose rows stay as they are. `unpaired_brackets` are the URIs of
    files with brackets between records that have no partner.
    `rejected_examples` are the first rejects of some files, with the way out. `unknown_names` are ignored fields by
    kind, and `misnamed_fields` those that differ from a known one, which stands beside, in letter case, `_` or `-`
    alone.
    """

    run_id: int = 0
    files_loaded: int = 0
    files_direct: int = 0
    not_direct: dict[str, str] = field(default_factory=dict)
    files_changed: int = 0
    files_grown: int = 0
    files_unchanged: int = 0
    partitions_unchanged: int = 0
    files_removed: int = 0
    files_read_otherwise: int = 0
    files_gone_read_otherwise: int = 0
    vanished: list[str] = field(default_factory=list)
    passed_over: dict[str, dict[str, object]] = field(default_factory=dict)
    listing_changed: list[str] = field(default_factory=list)
    records: int = 0
    loaded: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RECORD_TYPES, 0))
    rejected: int = 0
    resolved: int = 0
    replayed: int = 0
    chunks: int = 0
    migrated: str = ""
    rebuilt_because: str = ""
    repaired_texts: int = 0
    repaired_rows: int = 0
    failed_files: dict[str, str] = field(default_factory=dict)
    unpaired_brackets: list[str] = field(default_factory=list)
    rejected_examples: list[str] = field(default_factory=list)
    unknown_names: dict[str, list[str]] = field(default_factory=dict)
    misnamed_fields: dict[str, dict[str, str]] = field(default_factory=dict)
    warnings: dict[str, tuple[int, str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    elapsed: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    partitions: dict[str, PartitionRead] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = time.perf_counter()

    def finished(self) -> Summary:
        """The same, once the run has ended: it is known how long it took."""
        self.elapsed = time.perf_counter() - self._began
        return self

    @property
    def is_failure(self) -> bool:
        """Whether files failed, or every record was rejected."""
        return bool(self.failed_files) or 0 < self.records == self.rejected - self.resolved

    def count_plan(self, plan: Plan) -> None:
        """Count what a run found in its sources."""
        self.files_unchanged = plan.unchanged
        self.partitions_unchanged = plan.partitions_unchanged
        self.files_changed = len(plan.changed)
        self.files_grown = len(plan.grown)
        self.files_read_otherwise = plan.read_otherwise
        self.files_gone_read_otherwise = plan.gone_read_otherwise
        self.passed_over = {kind: found.as_dict() for kind, found in plan.passed_over.items()}
        self.vanished = [entry.uri for entry in plan.vanished]
        self.failed_files = {entry.uri: entry.failure for entry in plan.failed}

    def count(self, chunk: ReadChunk, unseen: Iterable[tuple[Entry, str]]) -> None:
        """Count a chunk that was committed, and files whose content could not be seen."""
        self.failed_files.update({entry.uri: failure for entry, failure in unseen})
        self.records += chunk.records
        self.rejected += chunk.rejected
        self.resolved += chunk.resolved
        for read in chunk.files:
            if read.failure:
                self.failed_files[read.file.uri] = read.failure
                continue
            if read.offsets:
                self._count_offsets(read.file.uri, read.offsets)
            else:
                self.files_loaded += 1
            self.files_direct += read.is_held
            self.loaded[read.file.kind] += read.accepted
            self._note_rejects(read)
            if read.has_unpaired_brackets:
                self.unpaired_brackets.append(read.file.uri)
            self._note_names(read.file.kind, read.unknown_names)

    def _note_rejects(self, read: FileRead) -> None:
        """Keep rejects of a file as examples, if there are few and none is like them."""
        for reject in read.examples:
            is_told = any(example.endswith(f": {reject.told}") for example in self.rejected_examples)
            if not is_told and len(self.rejected_examples) < MOST_EXAMPLES:
                self.rejected_examples.append(f"{shown(read.file.uri)}, {reject.place}: {reject.told}")

    def _note_names(self, kind: Kind, names: Iterable[str]) -> None:
        for name in names:
            if known := meant_name(name, RECORD_TYPES[kind]):
                misnamed = self.misnamed_fields.setdefault(kind, {})
                if len(misnamed) < MOST_NAMES:
                    misnamed[name] = known
            else:
                unknown = {*self.unknown_names.get(kind, []), name}
                self.unknown_names[kind] = sorted(unknown)[:MOST_NAMES]

    def _count_offsets(self, uri: str, found: OffsetsRead) -> None:
        before = self.partitions.get(uri, PartitionRead(found.begin, found.begin, 0, 0))
        tombstones, without_record = before.tombstones + found.tombstones, before.without_record + found.without_record
        self.partitions[uri] = PartitionRead(before.begin, found.end, tombstones, without_record)

    def count_replays(self, replays: Sequence[Replay], resolved: Iterable[ResolvedFile]) -> None:
        """Count replays that were loaded without their files."""
        self.resolved += sum(file.records for file in resolved)
        for replay in replays:
            self.replayed += len(replay.records)
            self.loaded[replay.reject.kind] += len(replay.records)


@dataclass(frozen=True)
class Progress:
    """How far a run is: the step, and bytes of input done of all."""

    step: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]
