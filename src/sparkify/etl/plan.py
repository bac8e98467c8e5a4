"""Which files are new, changed, unchanged or vanished: the listing of a source compared with `etl_files`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import NamedTuple

from sparkify.contract import Kind
from sparkify.sources.base import SourceFile
from sparkify.sources.open import hashes_of
from sparkify.warehouse.manifest import Entry


class Changed(NamedTuple):
    """A file whose content is another one than the manifest's."""

    file: SourceFile
    entry: Entry


@dataclass
class Plan:
    """What a run has to do.

    `retagged` are files whose tag changed while their content did not: only the manifest has to follow.
    """

    new: list[SourceFile] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    unchanged: int = 0
    retagged: list[Changed] = field(default_factory=list)
    vanished: list[Entry] = field(default_factory=list)

    @property
    def to_load(self) -> list[SourceFile]:
        """New and changed files; songs first, so that plays find them."""
        files = [*self.new, *(changed.file for changed in self.changed)]
        return sorted(files, key=lambda file: (file.kind != "songs", file.uri))


_OTHER_KIND: dict[Kind, Kind] = {"events": "songs", "songs": "events"}


def compare(
    listed: Mapping[Kind, Iterable[SourceFile]],
    roots: Mapping[Kind, str],
    manifest: dict[tuple[str, str], Entry],
    *,
    replay: bool = False,
) -> Plan:
    """Hold complete listings, by kind, against the manifest; `roots` are the URIs of the sources listed.

    Only what lies below a source that was listed can have vanished. With `replay`, files with open rejects count as
    changed.
    """
    plan = Plan()
    suspects: list[Changed] = []
    for kind, files in listed.items():
        seen = set()
        for file in files:
            seen.add(file.uri)
            entry = manifest.get((kind, file.uri))
            if replay and entry and entry.open_rejects:
                plan.changed.append(Changed(file, entry))
            elif other := manifest.get((_OTHER_KIND[kind], file.uri)):
                plan.changed.append(Changed(file, other))  # it is of another kind now
            else:
                _place(plan, file, entry, suspects)
        below = roots[kind].rstrip("/") + "/"
        plan.vanished += [
            entry
            for entry in manifest.values()
            if entry.kind == kind and entry.uri not in seen and entry.uri.startswith(below)
        ]
    _place_suspects(plan, suspects)
    return plan


def _place(plan: Plan, file: SourceFile, entry: Entry | None, suspects: list[Changed]) -> None:
    """Say what a file is, unless only its content can tell: then it is a suspect."""
    if entry is None:
        plan.new.append(file)
    elif file.tag == entry.tag and not file.source.is_racy(file, entry.read_at.replace(tzinfo=UTC).timestamp()):
        plan.unchanged += 1
    elif file.size == entry.size and entry.hash:
        suspects.append(Changed(file, entry))
    else:
        plan.changed.append(Changed(file, entry))


def _place_suspects(plan: Plan, suspects: list[Changed]) -> None:
    for suspect, content_hash in zip(suspects, hashes_of([file for file, _ in suspects]), strict=True):
        if content_hash == suspect.entry.hash:
            plan.unchanged += 1
            plan.retagged.append(suspect)
        else:
            plan.changed.append(suspect)
