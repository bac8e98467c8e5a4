"""The manifest, `etl_files`: every file whose rows are in staging."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from sparkify.contract import RECORD_TYPES, Kind
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.sources.offsets import PartitionOffset
from sparkify.storage.spool import Spool
from sparkify.warehouse.bulk import timestamp, write_rows


class Entry(NamedTuple):
    """A file in the manifest; `size` is in bytes. `failure` says why it failed, if its `state` is that.

    `offset` says how far it was read, if it is a partition of a topic.
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
    offset: PartitionOffset | None = None

    @property
    def is_unseen(self) -> bool:
        """Whether its content could not be seen when it was read last: it could not be opened, or kept changing."""
        return self.state == "failed" and not self.tag


class ManifestState(NamedTuple):
    """What tells one state of the manifest from another, and which numbers are taken in it."""

    files: int
    last_file: int
    runs: int


def read_state(engine: Engine) -> ManifestState:
    """The manifest as it is now."""
    row = engine.execute("SELECT COUNT(*), COALESCE(MAX(file_id), 0), COALESCE(SUM(run_id), 0) FROM etl_files")[0]
    return ManifestState(*row)


def read_manifest(engine: Engine) -> dict[Kind, dict[str, Entry]]:
    """The manifest by kind and URI."""
    rows = engine.execute(
        "SELECT f.file_id, f.kind, f.uri, f.size_bytes, f.content_tag, f.content_hash, f.state, f.failure, "
        "COALESCE(r.open_rejects, 0) FROM etl_files AS f LEFT JOIN (SELECT file_id, COUNT(*) AS open_rejects "
        "FROM etl_rejects WHERE resolved_by IS NULL GROUP BY file_id) AS r ON r.file_id = f.file_id"
    )
    offsets = read_offsets(engine)
    manifest: dict[Kind, dict[str, Entry]] = {kind: {} for kind in RECORD_TYPES}
    for row in rows:
        entry = Entry._make((*row, offsets.get(row[0])))
        manifest[entry.kind][entry.uri] = entry
    return manifest


def read_offsets(engine: Engine) -> dict[int, PartitionOffset]:
    """How far each partition of a topic was read, by its number in the manifest."""
    rows = engine.execute("SELECT cluster_id, topic, topic_id, partition_no, next_offset, file_id FROM etl_offsets")
    return {row[-1]: PartitionOffset(*row) for row in rows}


def follow_tags(engine: Engine, tags: Iterable[tuple[int, str]], spool: Spool) -> None:
    """Give files of the manifest the tags that they have now; pairs of file_id and tag, of files just read."""
    now = timestamp(time.time())
    engine.execute(f"CREATE TEMPORARY TABLE new_tags (file_id BIGINT, content_tag {engine.dialect.type('VARCHAR')})")
    path = spool.path("new-tags")
    write_rows(path, ({"file_id": file_id, "content_tag": tag} for file_id, tag in tags))
    columns = [LoadColumn("file_id", "BIGINT"), LoadColumn("content_tag", "VARCHAR")]
    engine.append("new_tags", Rows(columns, packed=[path]))
    engine.execute(
        "UPDATE etl_files SET content_tag = n.content_tag, read_at = CAST(? AS TIMESTAMP) "
        "FROM new_tags AS n WHERE etl_files.file_id = n.file_id",
        [now],
    )
    engine.execute("DROP TABLE new_tags")
