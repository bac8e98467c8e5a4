"""Look ahead: what a run would do, without doing it."""

from __future__ import annotations

import time
from contextlib import closing
from typing import NamedTuple

from sparkify.config.settings import Settings
from sparkify.engines.registry import connect, dialect_of
from sparkify.errors import NoWarehouse
from sparkify.etl.listing import list_sources
from sparkify.etl.mixed_up import refuse_mixed_up
from sparkify.etl.plan import Manifest, Plan, compare
from sparkify.etl.shape import chunk_of
from sparkify.sources.offsets import FROM_WHERE_IT_STANDS, Start
from sparkify.sql import render
from sparkify.sql.dialect import Dialect
from sparkify.sql.statements import statement
from sparkify.star.prepared import prepare
from sparkify.star.transform import Statement
from sparkify.warehouse.inventory import read_inventory
from sparkify.warehouse.manifest import read_manifest, read_state
from sparkify.warehouse.tables import require_tables


class Ahead(NamedTuple):
    """What a run would load, and the statements of its first chunk."""

    plan: Plan
    sql: list[Statement]


def look_ahead(settings: Settings, *, reread: bool = False, start: Start = FROM_WHERE_IT_STANDS) -> Ahead:
    """What a run would do now; a warehouse that is not there yet is not made."""
    sources = list_sources(settings)
    refuse_mixed_up(sources)
    manifest, first_new, dialect = _known(settings)
    plan = compare(sources, manifest, reread=reread, start=start)
    return Ahead(plan, _statements(plan, settings, dialect, first_new))


def _known(settings: Settings) -> tuple[Manifest, int, Dialect]:
    """The manifest, the first file_id that is free, and the SQL that the warehouse speaks."""
    try:
        engine = connect(settings.warehouse, settings.access(read_only=True))
    except NoWarehouse:
        return {}, 1, dialect_of(settings.warehouse)
    with closing(engine), engine.snapshot():
        if read_inventory(engine).is_new:
            return {}, 1, engine.dialect
        require_tables(engine)
        manifest = read_manifest(engine)
        return manifest, read_state(engine).last_file + 1, engine.dialect


def _statements(plan: Plan, settings: Settings, dialect: Dialect, first_new: int) -> list[Statement]:
    kinds = {file.kind for file in plan.to_load}
    is_first = first_new == 1
    chunk = chunk_of(settings, kinds, in_full=is_first, removes=bool(plan.changed), files=plan.to_load)
    prepared = prepare(dialect, chunk)
    goes = plan.changed and not is_first
    gone = [Statement("files that go", statement("manifest/create_gone_files", dialect))] if goes else []
    checks = [Statement(f"check: {check.about}", check.sql) for check in prepared.checks.every]
    numbers = {"first_new": first_new, "now": int(time.time() * 1000)}
    return [
        Statement(statement.about, render.bind(statement.sql, numbers))
        for statement in (*gone, *prepared.statements, *checks)
    ]
