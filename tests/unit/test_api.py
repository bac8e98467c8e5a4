"""The Python API: the example of its documentation, and what answers can become."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from tests.support import ROOT, event, load, song, write_lines

import sparkify
from sparkify.errors import SourceError, SparkifyError, UsageError, WarehouseError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plays = [event(), event(sessionId=2, userId=2, level="paid", length=None, song="Unknown", location="")]
    write_lines(tmp_path / "logs" / "a.json", plays)
    write_lines(tmp_path / "songs" / "a.json", [song()])
    return tmp_path


def test_the_example_runs(folder: Path) -> None:
    arguments = [str(ROOT / "examples" / "etl.py"), "logs", "songs", "duckdb:///w.duckdb"]
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "loaded 2 events from 2 files\nfree: 1\npaid: 1\n"


SQL = """
    SELECT p.user_id, p.start_time, s.title, s.duration, s.inferred, s.year
    FROM songplays AS p JOIN songs AS s USING (song_id) ORDER BY p.user_id
"""
COLUMNS = ("user_id", "start_time", "title", "duration", "inferred", "year")
START = datetime(2018, 11, 2, 1, 25, 34, 796000)
ROWS = [(1, START, "Setanta matins", 269.58322, False, None), (2, START, "Unknown", None, True, None)]


def test_an_answer_is_rows(folder: Path) -> None:
    with sparkify.connect(f"duckdb:///{load(folder)}", read_only=True) as warehouse:
        answer = warehouse.query(SQL)
    assert answer.columns == COLUMNS
    assert answer.rows == ROWS


def test_an_answer_is_an_arrow_table(folder: Path) -> None:
    with sparkify.connect(f"duckdb:///{load(folder)}", read_only=True) as warehouse:
        table = warehouse.query(SQL).arrow()
    assert tuple(table.column_names) == COLUMNS
    assert [tuple(row.values()) for row in table.to_pylist()] == ROWS
    kinds = [str(table.schema.field(name).type) for name in COLUMNS[:5]]
    assert kinds == ["int64", "timestamp[us]", "string", "double", "bool"]


def test_an_answer_is_a_data_frame_of_polars(folder: Path) -> None:
    with sparkify.connect(f"duckdb:///{load(folder)}", read_only=True) as warehouse:
        frame = warehouse.query(SQL).polars()
        empty = warehouse.query("SELECT 1 AS a WHERE FALSE").polars()
    assert tuple(frame.columns) == COLUMNS
    assert frame.rows() == ROWS
    assert (empty.columns, empty.height) == (["a"], 0)


def test_a_notebook_shows_an_answer_as_a_table(folder: Path) -> None:
    with sparkify.connect(f"duckdb:///{load(folder)}", read_only=True) as warehouse:
        few = warehouse.query("SELECT 1 AS n, '<b>&\x1b[31m' AS t, NULL AS nothing")._repr_html_()
        many = warehouse.query("SELECT range AS n FROM range(1000) ORDER BY n")._repr_html_()
    assert "<th>n</th><th>t</th><th>nothing</th>" in few
    assert "&lt;b&gt;&amp;\\x1b[31m</td>" in few
    assert few.endswith("<p>1 row</p>")
    assert many.count("<tr>") == 1 + 20 + 1 + 20
    assert ">0<" in many and ">999<" in many and ">500<" not in many
    assert many.endswith("<p>1,000 rows</p>")


@pytest.mark.parametrize(("ending", "begins"), [("csv", b"n\n0\n"), ("jsonl", b'{"n":0}'), ("parquet", b"PAR1")])
def test_an_answer_goes_to_a_file(folder: Path, ending: str, begins: bytes) -> None:
    sql = "SELECT range AS n FROM range(1000) ORDER BY n"
    path = folder / f"answer.{ending}"
    with sparkify.connect(f"duckdb:///{load(folder)}", read_only=True) as warehouse:
        assert warehouse.export(sql, path) == 1000
        with pytest.raises(UsageError, match="says no form"):
            warehouse.export(sql, folder / "answer.xls")
        with pytest.raises(UsageError, match="cannot write the answer"):
            warehouse.export(sql, folder / "w.duckdb", "csv")
        with pytest.raises(UsageError, match="several statements"):
            warehouse.export("SELECT 1; SELECT 2", path)
    assert path.read_bytes().startswith(begins)


def test_an_answer_is_a_data_frame(folder: Path) -> None:
    with sparkify.connect(f"duckdb:///{load(folder)}", read_only=True) as warehouse:
        frame = warehouse.query(SQL).pandas()
    assert tuple(frame.columns) == COLUMNS
    assert frame["title"].tolist() == ["Setanta matins", "Unknown"]
    assert frame["duration"].isna().tolist() == [False, True]
    assert frame["start_time"].iloc[0] == START
    assert frame["inferred"].dtype == bool


def test_an_answer_without_rows_keeps_its_columns(folder: Path) -> None:
    with sparkify.connect(f"duckdb:///{load(folder)}", read_only=True) as warehouse:
        answer = warehouse.query("SELECT user_id, level FROM users WHERE FALSE")
    assert answer.rows == []
    assert answer.arrow().column_names == ["user_id", "level"]
    assert answer.arrow().num_rows == 0
    assert list(answer.pandas().columns) == ["user_id", "level"]


def test_columns_of_one_name_stay_two_columns(folder: Path) -> None:
    with sparkify.connect(f"duckdb:///{load(folder)}", read_only=True) as warehouse:
        answer = warehouse.query("SELECT 1 AS a, 2 AS a")
    assert (answer.columns, answer.rows) == (("a", "a"), [(1, 2)])
    assert answer.arrow().column_names == ["a", "a"]


def test_a_summary_says_what_a_run_did(folder: Path) -> None:
    steps = []
    with sparkify.connect(f"duckdb:///{folder / 'w.duckdb'}") as warehouse:
        summary = warehouse.etl(
            logs=str(folder / "logs"), songs=str(folder / "songs"), report=lambda progress: steps.append(progress.step)
        )
        assert (summary.files_loaded, summary.records, summary.rejected) == (2, 3, 0)
        assert summary.loaded == {"events": 2, "songs": 1}
        assert warehouse.row_counts()["songplays"] == 2
        assert {check.state for check in warehouse.check()} == {"passed", "warning"}
        changed = warehouse.etl(logs=str(folder / "logs"), songs=str(folder / "songs"), unknown_songs="drop")
        assert changed.rebuilt_because == "unknown_songs changed from infer to drop"
        assert warehouse.row_counts()["songplays"] == 1
    assert {"list", "read", "load", "transform", "check", "commit"} <= set(steps)


def test_errors_are_of_their_kinds(folder: Path) -> None:
    with pytest.raises(UsageError, match="malformed"):
        sparkify.connect("w.duckdb")
    with pytest.raises(WarehouseError, match="no warehouse"):
        sparkify.connect(f"duckdb:///{folder / 'w.duckdb'}", read_only=True)
    with sparkify.connect(f"duckdb:///{folder / 'w.duckdb'}") as warehouse:
        with pytest.raises(SourceError, match="no such folder"):
            warehouse.etl(logs=str(folder / "nowhere"))
        with pytest.raises(UsageError, match="unknown_songs"):
            warehouse.etl(logs=str(folder / "logs"), unknown_songs="guess")
        with pytest.raises(UsageError, match="chunk_fils"):
            warehouse.etl(logs=str(folder / "logs"), chunk_fils=1)
        with pytest.raises(WarehouseError):
            warehouse.query("SELECT nothing FROM nowhere")
    for kind in (UsageError, WarehouseError, SourceError):
        assert issubclass(kind, SparkifyError)
