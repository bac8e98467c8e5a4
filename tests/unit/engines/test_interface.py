"""What every engine promises, on DuckDB; and what a new engine need not do."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support import event, write_lines

from sparkify.config.settings import load
from sparkify.engines.base import Access, Engine, Item, LoadColumn, Rows
from sparkify.engines.registry import REGISTRY, connect, diagnose
from sparkify.engines.settings import EngineSettings
from sparkify.errors import WarehouseError
from sparkify.sources.base import SourceFile
from sparkify.sources.local import file_of_path
from sparkify.sql.definitions import all_tables
from sparkify.sql.dialect import Dialect, TableOptions

COUNT = "SELECT COUNT(*) FROM numbers"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with a table."""
    with closing(connect(f"duckdb:///{tmp_path}/w.duckdb")) as engine:
        engine.execute("CREATE TABLE numbers (n BIGINT, file_id BIGINT)")
        yield engine


def test_a_transaction_is_kept_or_undone(engine: Engine) -> None:
    with engine.transaction(["numbers"]):
        engine.execute("INSERT INTO numbers VALUES (1, 1)")
    with pytest.raises(KeyboardInterrupt), engine.transaction():
        engine.execute("INSERT INTO numbers VALUES (2, 1)")
        raise KeyboardInterrupt
    with pytest.raises(WarehouseError), engine.transaction():
        engine.execute("INSERT INTO numbers VALUES (3, 1)")
        engine.execute("INSERT INTO nowhere VALUES (3, 1)")
    assert engine.execute("SELECT n FROM numbers") == [(1,)]
    with engine.transaction():
        engine.execute("INSERT INTO numbers VALUES (4, 1)")
    assert engine.execute(COUNT) == [(2,)]


def test_nothing_can_be_written_in_a_snapshot(engine: Engine) -> None:
    with engine.snapshot():
        assert engine.execute(COUNT) == [(0,)]
        assert [batch.rows for batch in engine.stream(COUNT)] == [[(0,)]]
    with pytest.raises(WarehouseError, match="read-only"), engine.snapshot():
        engine.execute("INSERT INTO numbers VALUES (1, 1)")
    assert engine.execute(COUNT) == [(0,)]


def _size_of(item: Item) -> tuple[int, int, str]:
    size = Path(item.file.path).stat().st_size
    return item.file_id, size, threading.current_thread().name


def _files(folder: Path) -> list[SourceFile]:
    paths = [write_lines(folder / f"{name}.json", [event()] * lines) for name, lines in (("a", 3), ("b", 1), ("c", 2))]
    return [file_of_path("events", str(path)) for path in paths]


def test_items_are_read_in_threads_and_come_in_order(engine: Engine, tmp_path: Path) -> None:
    files = _files(tmp_path)
    assert not any(map(engine.reads_itself, files))
    found = list(engine.read([Item(file, number) for number, file in enumerate(files, 7)], _size_of))
    assert [entry[:2] for entry in found if isinstance(entry, tuple)] == [
        (number, file.size) for number, file in enumerate(files, 7)
    ]
    assert threading.current_thread().name not in {entry[2] for entry in found if isinstance(entry, tuple)}
    assert engine.not_held == {}


def test_an_item_that_cannot_be_read_is_an_error(engine: Engine, tmp_path: Path) -> None:
    files = _files(tmp_path)
    (tmp_path / "b.json").unlink()
    with pytest.raises(FileNotFoundError):
        list(engine.read([Item(file, number) for number, file in enumerate(files)], _size_of))


def test_items_and_readers_can_be_pickled(tmp_path: Path) -> None:
    """An engine may send both to another machine."""
    item, read = pickle.loads(pickle.dumps((Item(_files(tmp_path)[0], 7), _size_of)))
    assert read(item)[0] == 7


def test_rows_are_appended(engine: Engine, tmp_path: Path) -> None:
    columns = [LoadColumn("n", "BIGINT"), LoadColumn("file_id", "BIGINT")]
    packed = write_lines(tmp_path / "packed", [{"n": 1, "file_id": 4}])
    whole = [(str(write_lines(tmp_path / f"whole{number}", [{"n": number}])), number) for number in (5, 6, 9)]
    with engine.transaction():
        engine.append("numbers", Rows(columns, [str(packed)], whole))
    assert engine.execute("SELECT n, file_id FROM numbers ORDER BY n") == [(1, 4), (5, 5), (6, 6), (9, 9)]


def test_one_writer_at_a_time(engine: Engine) -> None:
    with engine.writing(), engine.writing():
        assert "in this process, thread " in engine.writer()
    assert engine.writer() == ""
    assert [item.found for item in engine.diagnose()] == ["no run is at work"]


def test_a_dialect_need_not_have_hooks_of_its_own() -> None:
    plain = Dialect("duckdb", {})
    tables = all_tables()
    assert {plain.table_options(table) for table in tables} == {TableOptions()}
    assert not any(plain.after_create(table) for table in tables)
    assert not any([plain.before_full_build(tables), plain.after_full_build(tables), plain.statistics("users")])
    assert (plain.capabilities.commit, plain.capabilities.guarantees) == ("transaction", frozenset())


def test_what_the_engines_say_of_themselves() -> None:
    said = {name: entry.dialect.capabilities for name, entry in REGISTRY.items()}
    assert {facts.commit for facts in said.values()} == {"transaction"}
    assert {name for name, facts in said.items() if "key" in facts.guarantees} == {"postgres", "postgresql"}


def test_settings_of_one_engine_reach_it_by_their_own_names() -> None:
    given = {"copy_role": "arn", "copy_spool": "s3://bucket/spool", "direct_from": "64MiB"}
    access = load(given).settings.access(read_only=True)
    assert access.own == {"copy_role": "arn", "copy_spool": "s3://bucket/spool", "direct_from": 64 * 2**20}
    assert set(access.own) == set(EngineSettings.model_fields)
    assert load({}).settings.access(read_only=True).own["direct_from"] is None


@pytest.mark.parametrize("url", ["duckdb:///w.duckdb", "postgresql://h/d", "nothing", "wrong://x"])
def test_most_engines_need_nothing_that_doctor_could_look_at_before(url: str) -> None:
    assert list(diagnose(url, Access())) == []
