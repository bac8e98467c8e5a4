"""The manifest by itself: what is read from it, and what is marked in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sparkify.engines.base import Engine
from sparkify.engines.registry import connect
from sparkify.errors import WarehouseError
from sparkify.storage.spool import Spool
from sparkify.warehouse.manifest import (
    OTHER_RULES,
    Entry,
    ManifestState,
    follow_tags,
    mark_other_rules,
    read_manifest,
    read_state,
    record_commit,
    unchanged_state,
)
from sparkify.warehouse.settings import store_reading, were_read_otherwise
from sparkify.warehouse.tables import open_for_writing

FILES = {
    1: ("events", "file:///a.json", "loaded", "t1"),
    2: ("songs", "file:///a.json", "loaded", "t2"),
    3: ("events", "file:///b.json", "failed", "t3"),
    7: ("events", "file:///gone.json", "failed", ""),
}
"""By number: kind, URI, state and tag; the last one could not be opened."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A warehouse with these files, of which none has rows."""
    with closing(connect(f"duckdb:///{tmp_path}/w.duckdb")) as opened, opened.writing():
        open_for_writing(opened)
        store_reading(opened)
        for file_id, (kind, uri, state, tag) in FILES.items():
            opened.execute(
                "INSERT INTO etl_files (file_id, kind, uri, size_bytes, content_hash, content_tag, read_at, records, "
                "loaded, rejected, replayed, state, failure, run_id, resume_offset, resume_line, resume_opened) "
                "VALUES (?, ?, ?, 10, 'h', ?, TIMESTAMP '2020-01-01', 2, 0, 2, 0, ?, ?, 4, 0, 1, 0)",
                [file_id, kind, uri, tag, state, "broken" if state == "failed" else ""],
            )
        yield opened


def test_files_are_found_by_kind_and_uri(engine: Engine) -> None:
    manifest = read_manifest(engine)
    assert {kind: sorted(files) for kind, files in manifest.items()} == {
        "events": ["file:///a.json", "file:///b.json", "file:///gone.json"],
        "songs": ["file:///a.json"],
    }
    assert manifest["songs"]["file:///a.json"] == Entry(2, "songs", "file:///a.json", 10, "t2", "h", "loaded", "", 0)
    assert [entry.is_unseen for entry in manifest["events"].values()] == [
        entry.uri == "file:///gone.json" for entry in manifest["events"].values()
    ]


def test_open_rejects_are_counted_by_file(engine: Engine) -> None:
    for number, resolved in ((1, "NULL"), (2, "NULL"), (3, "9")):
        engine.execute(
            "INSERT INTO etl_rejects (file_id, reject_no, line, byte_offset, raw_text, raw_hash, records, field, "
            f"reason, suggestion, resolved_by) "
            f"VALUES (3, {number}, 1, 0, 'x', 'h', 1, '', 'r', '', {resolved})"
        )
    counts = {entry.file_id: entry.open_rejects for files in read_manifest(engine).values() for entry in files.values()}
    assert counts == {1: 0, 2: 0, 3: 2, 7: 0}


def test_its_state_counts_the_chunks(engine: Engine) -> None:
    before = read_state(engine)
    assert before == ManifestState(commit_no=0, last_file=7)
    first = record_commit(engine, before, 9)
    assert read_state(engine) == first == ManifestState(commit_no=1, last_file=9)
    assert record_commit(engine, first, 0) == read_state(engine) == ManifestState(commit_no=2, last_file=9)


def test_a_run_that_another_has_overtaken_is_told(engine: Engine) -> None:
    known = record_commit(engine, read_state(engine), 7)
    assert unchanged_state(engine, known) == known
    record_commit(engine, known, 8)
    with pytest.raises(WarehouseError, match="another etl wrote"):
        unchanged_state(engine, known)


def test_tags_follow_those_of_files_read_just_now(engine: Engine, tmp_path: Path) -> None:
    with Spool(str(tmp_path)) as spool:
        follow_tags(engine, [(1, "new"), (3, "newer"), (99, "of no file")], spool)
    rows = engine.execute("SELECT file_id, content_tag, read_at > TIMESTAMP '2020-01-02' FROM etl_files ORDER BY 1")
    assert rows == [(1, "new", True), (2, "t2", False), (3, "newer", True), (7, "", False)]


def test_files_read_by_other_rules_count_as_changed_once(engine: Engine) -> None:
    engine.execute("UPDATE etl_settings SET setting_value = '0' WHERE setting = 'reading_version'")
    assert were_read_otherwise(engine)
    tags = {entry.file_id: entry.tag for files in read_manifest(engine).values() for entry in files.values()}
    assert tags == {1: OTHER_RULES, 2: OTHER_RULES, 3: OTHER_RULES, 7: ""}
    mark_other_rules(engine)
    assert not were_read_otherwise(engine)
    marked = engine.execute("SELECT file_id FROM etl_files WHERE content_tag = ? ORDER BY 1", [OTHER_RULES])
    assert [file_id for (file_id,) in marked] == [1, 2, 3]
    assert all(entry.was_read_otherwise for entry in read_manifest(engine)["songs"].values())
