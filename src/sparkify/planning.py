"""Look ahead: what a run would do, without doing it."""

from __future__ import annotations

import time
from typing import NamedTuple

from sparkify import models
from sparkify.config import Settings
from sparkify.engines.base import Engine, connect
from sparkify.errors import WarehouseError
from sparkify.manifest import Plan, compare
from sparkify.pipeline import list_sources, make_plan
from sparkify.prepared import prepare
from sparkify.transform import Statement


class Ahead(NamedTuple):
    """What a run would load, and the statements of its first chunk."""

    plan: Plan
    sql: list[Statement]


def look_ahead(settings: Settings) -> Ahead:
    """What a run would do now; a warehouse that is not there yet is not made."""
    from sparkify.engines.dialects import DIALECTS

    try:
        engine = connect(settings.warehouse, read_only=True, memory_limit=settings.memory_limit)
    except WarehouseError as error:
        if "no warehouse at" not in error.what:
            raise
        listing, roots = list_sources(settings)
        return Ahead(compare(listing, roots, {}), _statements(settings, DIALECTS["duckdb"].name, 1))
    try:
        return _with(engine, settings)
    finally:
        engine.close()


def _with(engine: Engine, settings: Settings) -> Ahead:
    if "etl_files" not in engine.table_names():
        listing, roots = list_sources(settings)
        return Ahead(compare(listing, roots, {}), _statements(settings, engine.dialect.name, 1))
    first_new = engine.execute("SELECT COALESCE(MAX(file_id), 0) + 1 FROM etl_files")[0][0]
    return Ahead(make_plan(engine, settings), _statements(settings, engine.dialect.name, first_new))


def _statements(settings: Settings, dialect: str, first_new: int) -> list[Statement]:
    from sparkify.engines.dialects import DIALECTS

    prepared = prepare(settings.unknown_songs, DIALECTS[dialect], first_new == 1)
    gone = [] if first_new == 1 else [Statement("files that go", "CREATE TEMPORARY TABLE gone_files (file_id BIGINT)")]
    checks = [Statement(f"check: {check.about}", check.sql) for check in prepared.checks]
    numbers = {"first_new": first_new, "now": int(time.time() * 1000)}
    return [
        Statement(statement.about, models.bind(statement.sql, numbers))
        for statement in (*gone, *prepared.statements, *checks)
    ]
