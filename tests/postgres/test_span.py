"""A chunk reads the days in which its rows lie: no statement of an incremental run reads all of staging."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.servers.postgres import DebianServer
from tests.support import event, song, write_lines

import sparkify
from sparkify.engines.base import Result, Row
from sparkify.engines.postgres.engine import PostgresEngine

DAY = 86_400_000
FIRST = 1_541_030_400_000
DAYS, EVENTS = 40, 2_500


def write_day(folder: Path, day: int, events: int, session: int = 0) -> None:
    """A file of one day."""
    lines = [
        event(ts=FIRST + day * DAY + place * 1_000, sessionId=session + day, itemInSession=place, userId=place % 50 + 1)
        for place in range(events)
    ]
    write_lines(folder / f"logs/{day:02}-{session}.json", lines)


def test_no_statement_of_one_more_chunk_reads_all_of_staging(
    server: DebianServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(DAYS):
        write_day(tmp_path, day, EVENTS)
    write_lines(tmp_path / "songs/a.json", [song()])
    url, logs, songs = server.url(database=database), f"{tmp_path}/logs", f"{tmp_path}/songs"
    with sparkify.connect(url) as warehouse:
        warehouse.etl(logs=logs, songs=songs)
    plans = explained(monkeypatch)
    write_day(tmp_path, DAYS, 200)  # a new day
    write_day(tmp_path, 7, 200, session=1_000)  # a day of before
    with sparkify.connect(url) as warehouse:
        assert warehouse.etl(logs=logs, songs=songs).files_loaded == 2
    assert len(plans) > 15
    assert [sql for sql, plan in plans if re.search(r"Seq Scan on (staging_events|songplays)\b", plan)] == []


def explained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Statements that read staging or songplays, with the plan that PostgreSQL makes for each before it runs it."""
    plans: list[tuple[str, str]] = []

    def explain(engine: PostgresEngine, sql: str) -> None:
        if re.search(r"\b(FROM|JOIN)\s+(staging_events|songplays)\b", sql) and not sql.startswith("ANALYZE"):
            lines = engine.connection.execute(f"EXPLAIN {sql}").fetchall()
            plans.append((sql, "\n".join(line for (line,) in lines)))

    execute, query = PostgresEngine.execute, PostgresEngine.query

    def execute_explained(engine: PostgresEngine, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        if not parameters:
            explain(engine, sql)
        return execute(engine, sql, parameters)

    def query_explained(engine: PostgresEngine, sql: str) -> Result:
        explain(engine, sql)
        return query(engine, sql)

    monkeypatch.setattr(PostgresEngine, "execute", execute_explained)
    monkeypatch.setattr(PostgresEngine, "query", query_explained)
    return plans
