"""Load rows into staging and into the metadata tables, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sparkify.contract import FILE_ID, POSITION, RecordType
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.sql import definitions
from sparkify.storage.spool import Spool, json_line, naming_the_spool


def staging_columns(record_type: RecordType, *, of_messages: bool = False) -> list[LoadColumn]:
    """The columns of a staging table as they are loaded; file_id is the last. Messages have their offset too."""
    columns = [LoadColumn(field.name, field.type.value, field.often_text) for field in record_type.fields]
    position = [LoadColumn(POSITION, "BIGINT")] if of_messages else []
    return [*columns, *position, LoadColumn(FILE_ID, "BIGINT")]


def load_rows(engine: Engine, table: str, rows: Iterable[Mapping[str, Any]], spool: Spool) -> None:
    """Load rows into one of the metadata tables, in bulk."""
    path = spool.path(table)
    write_rows(path, rows)
    load_spooled(engine, table, [path])


def write_rows(path: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as newline-delimited JSON."""
    with naming_the_spool(path), open(path, "wb") as out:
        out.writelines(json_line(row) for row in rows)


def load_spooled(engine: Engine, table: str, paths: list[str]) -> None:
    """Load files of newline-delimited JSON into one of the metadata tables."""
    columns = [LoadColumn(column.name, column.type) for column in definitions.table(table).columns]
    engine.append(table, Rows(columns, packed=paths))


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as a TIMESTAMP in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
