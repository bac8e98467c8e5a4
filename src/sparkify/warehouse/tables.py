"""The warehouse's own tables: make them, and keep the books."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sparkify.contract import CONTRACT_VERSION, FILE_ID, RecordType
from sparkify.engines.base import Engine, LoadColumn
from sparkify.errors import WarehouseError
from sparkify.sql import models
from sparkify.sql.models import quoted
from sparkify.storage.spool import Spool, json_line


def create_missing_tables(engine: Engine) -> list[str]:
    """Create the tables that are not there; their names come back. This process is the one writer from here on."""
    engine.become_writer()
    there = engine.table_names()
    missing = [table for table in models.all_tables() if table.name not in there]
    if missing:
        engine.begin()
        for table in missing:
            engine.execute(models.create_table(table, engine.dialect))
        for table in missing if engine.capabilities.enforces_keys else ():
            for sql in models.add_keys(table):
                engine.execute(sql)
        engine.commit()
    return [table.name for table in missing]


def drop_tables(engine: Engine) -> list[str]:
    """Drop all of Sparkify's tables that are there; their names come back."""
    engine.become_writer()
    there = engine.table_names()
    present = [table.name for table in reversed(models.all_tables()) if table.name in there]
    engine.begin()
    for name in present:
        engine.execute(f"DROP TABLE {quoted(name)}")
    engine.commit()
    return present


def require_tables(engine: Engine) -> None:
    """Raise WarehouseError unless all tables are there."""
    there = engine.table_names()
    missing = [table.name for table in models.all_tables() if table.name not in there]
    if missing:
        raise WarehouseError(
            f"tables are missing: {', '.join(missing)}", hint="Make them with: sparkify create-tables, or sparkify etl."
        )


def staging_columns(record_type: RecordType) -> list[LoadColumn]:
    """The columns of a staging table as they are loaded; file_id is the last."""
    columns = [LoadColumn(field.name, field.type.value, field.empty_is_null) for field in record_type.fields]
    return [*columns, LoadColumn(FILE_ID, "BIGINT")]


def load_rows(engine: Engine, table: str, rows: Iterable[Mapping[str, Any]], spool: Spool) -> None:
    """Load rows into one of the books, in bulk."""
    path = spool.path(table)
    write_rows(path, rows)
    load_spooled(engine, table, [path])


def write_rows(path: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as newline-delimited JSON."""
    with open(path, "wb") as out:
        out.writelines(json_line(row) for row in rows)


def load_spooled(engine: Engine, table: str, paths: list[str]) -> None:
    """Load files of newline-delimited JSON into one of the books."""
    columns = [LoadColumn(column.name, column.type) for column in models.table(table).columns]
    engine.load(table, columns, packed=paths)


def follow_tags(engine: Engine, tags: Iterable[tuple[int, str]], spool: Spool) -> None:
    """Give files of the manifest the tags that they have now; pairs of file_id and tag, of files just read."""
    now = timestamp(time.time())
    engine.execute(f"CREATE TEMPORARY TABLE new_tags (file_id BIGINT, content_tag {engine.dialect.type('VARCHAR')})")
    path = spool.path("new-tags")
    write_rows(path, ({"file_id": file_id, "content_tag": tag} for file_id, tag in tags))
    engine.load("new_tags", [LoadColumn("file_id", "BIGINT"), LoadColumn("content_tag", "VARCHAR")], packed=[path])
    engine.execute(
        "UPDATE etl_files SET content_tag = n.content_tag, read_at = CAST(? AS TIMESTAMP) "
        "FROM new_tags AS n WHERE etl_files.file_id = n.file_id",
        [now],
    )
    engine.execute("DROP TABLE new_tags")


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as a TIMESTAMP in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


class Change(NamedTuple):
    """A setting that the star was built with, and is another one now."""

    setting: str
    before: str
    now: str


def star_settings(unknown_songs: str, repair_text: bool) -> dict[str, str]:
    """The settings that the star depends on."""
    return {
        "contract_version": str(CONTRACT_VERSION),
        "unknown_songs": unknown_songs,
        "repair_text": "true" if repair_text else "false",
    }


def changed_settings(engine: Engine, settings: Mapping[str, str]) -> list[Change]:
    """The settings that differ from those that the star was built with; none if it was never built."""
    stored: dict[str, str] = dict(engine.execute("SELECT setting, setting_value FROM etl_settings"))
    return [
        Change(name, stored[name], value)
        for name, value in settings.items()
        if name in stored and stored[name] != value
    ]


def store_settings(engine: Engine, settings: Mapping[str, str]) -> None:
    """Write down the settings that the star is built with."""
    engine.execute("DELETE FROM etl_settings")
    for name, value in settings.items():
        engine.execute("INSERT INTO etl_settings (setting, setting_value) VALUES (?, ?)", [name, value])


class RunBook:
    """The history: a row for this run, in transactions of its own, so that a failed run is recorded too."""

    def __init__(self, engine: Engine, version: str, settings: Mapping[str, object]) -> None:
        self._engine = engine
        engine.execute(
            "UPDATE etl_runs SET state = 'interrupted', reason = 'the process ended without a word' "
            "WHERE state = 'running'"
        )
        self.run_id: int = engine.execute("SELECT COALESCE(MAX(run_id), 0) + 1 FROM etl_runs")[0][0]
        self._started = datetime.now(UTC).replace(tzinfo=None)
        engine.execute(
            "INSERT INTO etl_runs (run_id, started_at, state, reason, files, removed, records, rejected, seconds, "
            "version, settings) VALUES (?, ?, 'running', '', 0, 0, 0, 0, 0, ?, ?)",
            [self.run_id, self._started, version, json.dumps(settings)],
        )

    def add(self, files: int, removed: int, records: int, rejected: int) -> None:
        """Count a chunk; within its transaction."""
        self._engine.execute(
            "UPDATE etl_runs SET files = files + ?, removed = removed + ?, records = records + ?, "
            "rejected = rejected + ? WHERE run_id = ?",
            [files, removed, records, rejected, self.run_id],
        )

    def finish(self, state: str, reason: str = "") -> None:
        """Write down how the run ended."""
        now = datetime.now(UTC).replace(tzinfo=None)
        self._engine.execute(
            "UPDATE etl_runs SET state = ?, reason = ?, finished_at = ?, seconds = ? WHERE run_id = ?",
            [state, reason, now, (now - self._started).total_seconds(), self.run_id],
        )
