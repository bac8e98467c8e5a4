"""The manifest, `etl_files`: every file whose rows are in staging."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from sparkify.contract import RECORD_TYPES, Kind
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.errors import WarehouseError
from sparkify.sources.base import Resume
from sparkify.sources.offsets import PartitionOffset
from sparkify.storage.spool import Spool
from sparkify.warehouse.bulk import timestamp, write_rows
from sparkify.warehouse.settings import store_reading, were_read_otherwise

OTHER_RULES = "read by other rules"
"""The tag of a file that was read by the rules of another version: it is no tag of any content."""


_PLACE = len(Resume._fields)


class Entry(NamedTuple):
    """A file in the manifest; `size` is in bytes. `failure` says why it failed, if its `state` is that.

    `offset` says how far it was read, if it is a partition of a topic; `resume` where reading can go on if the file has
    only grown.
    """

    file_id: int
    kind: Kind
    uri: str
    size: int
    tag: str
    hash: str
    state: str
    failure: str
    open_rejects: int
    resume: Resume | None = None
    offset: PartitionOffset | None = None

    @property
    def is_unseen(self) -> bool:
        """Whether its content could not be seen when it was read last: it could not be opened, or kept changing."""
        return self.state == "failed" and not self.tag

    @property
    def was_read_otherwise(self) -> bool:
        """Whether its rows are as the rules of another version read it."""
        return self.tag == OTHER_RULES


class ManifestState(NamedTuple):
    """What tells one state of the manifest from another: how many chunks were committed, and the last file's number."""

    commit_no: int
    last_file: int


def read_state(engine: Engine) -> ManifestState:
    """The manifest as it is now."""
    rows = engine.execute_named("manifest/state") or engine.execute_named("manifest/state_before")
    return ManifestState(*rows[0])


def unchanged_state(engine: Engine, known: ManifestState) -> ManifestState:
    """The manifest as it is now, if it is as a run knows it.

    Raises:
        WarehouseError: another run has written meanwhile.
    """
    state = read_state(engine)
    if state != known:
        raise WarehouseError(
            "another etl wrote to the warehouse meanwhile",
            hint="Let it end, and run again: what it loaded stays.",
            passes=True,
        )
    return state


def record_commit(engine: Engine, before: ManifestState, last_file: int) -> ManifestState:
    """Count a chunk, within its transaction; the state of the manifest after it comes back."""
    after = ManifestState(before.commit_no + 1, max(before.last_file, last_file))
    if before.commit_no == 0:
        engine.execute_named("manifest/first_commit", list(after))
    else:
        engine.execute_named("manifest/next_commit", list(after))
    return after


def read_manifest(engine: Engine) -> dict[Kind, dict[str, Entry]]:
    """The manifest by kind and URI; files that were read by the rules of another version are marked so."""
    rows = engine.execute_named("manifest/entries")
    offsets = read_offsets(engine)
    manifest: dict[Kind, dict[str, Entry]] = {kind: {} for kind in RECORD_TYPES}
    otherwise = were_read_otherwise(engine)
    for row in rows:
        resume = Resume(*row[-_PLACE:]) if row[-_PLACE] else None
        entry = Entry._make((*row[:-_PLACE], resume, offsets.get(row[0])))
        if otherwise and not entry.is_unseen and entry.file_id not in offsets:
            entry = entry._replace(tag=OTHER_RULES, hash="", resume=None)
        manifest[entry.kind][entry.uri] = entry
    return manifest


def read_offsets(engine: Engine) -> dict[int, PartitionOffset]:
    """How far each partition of a topic was read, by its number in the manifest."""
    rows = engine.execute_named("offsets/all")
    return {row[-1]: PartitionOffset(*row) for row in rows}


def mark_other_rules(engine: Engine) -> None:
    """Mark files that were read by the rules of another version: those that are listed count as changed then.

    Partitions of topics are not marked: what was read of them is not read again.
    """
    if not were_read_otherwise(engine):
        return
    with engine.transaction():
        engine.execute_named("manifest/mark_other_rules", [OTHER_RULES])
        store_reading(engine)


def follow_tags(engine: Engine, tags: Iterable[tuple[int, str]], spool: Spool) -> None:
    """Give files of the manifest the tags that they have now; pairs of file_id and tag, of files just read."""
    now = timestamp(time.time())
    engine.execute_named("manifest/create_new_tags")
    path = spool.path("new-tags")
    write_rows(path, ({"file_id": file_id, "content_tag": tag} for file_id, tag in tags))
    columns = [LoadColumn("file_id", "BIGINT"), LoadColumn("content_tag", "VARCHAR")]
    engine.append("new_tags", Rows(columns, packed=[path]))
    engine.execute_named("manifest/follow_new_tags", [now])
    engine.execute_named("manifest/drop_new_tags")
