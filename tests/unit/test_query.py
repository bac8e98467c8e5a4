"""`sparkify query`: rows go out as they come, in every form; several statements and what writes are refused."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support import event, load, song, write_lines
from tests.terminal import on_terminal
from tests.unit.command import COMMAND, assert_error, environment, sparkify, start

from sparkify.engines.base import Access, Engine
from sparkify.engines.registry import connect
from sparkify.reports.forms import AnyForm, limited, write_answer

WAREHOUSE = ("--warehouse", "duckdb:///w.duckdb")
ODD = ["plain", "", 'a "quote", and a comma', "two\nlines", "tab\there", "ünï\u202ecode\x9b31m", None, "\\", "|*`<b>"]
VALUES = "VALUES " + ", ".join(f"({n}, $t{n}$, TIMESTAMP '2018-11-01 00:00:00' + INTERVAL ({n * 10}) MILLISECOND, "
    f"{n % 2 == 0}, {n} / 4.0::DOUBLE, DATE '2018-11-01' + {n})".replace(f"$t{n}$", "NULL" if text is None else
    "'" + text.replace("'", "''") + "'") for n, text in enumerate(ODD))  # fmt: skip
SQL = f"SELECT * FROM ({VALUES}) AS t (n, text, heard, is_even, quarter, day) ORDER BY n"
MANY = "SELECT range AS n, 'row ' || range AS text FROM range(50000) ORDER BY n"
FORMS: tuple[AnyForm, ...] = ("csv", "json", "jsonl", "parquet", "markdown")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("query")
    write_lines(path / "logs" / "a.json", [event()])
    write_lines(path / "songs" / "a.json", [song()])
    load(path)
    return path


@pytest.fixture
def engine(folder: Path) -> Any:
    found = connect(f"duckdb:///{folder / 'w.duckdb'}", Access(read_only=True))
    yield found
    found.close()


def written(engine: Engine, sql: str, form: AnyForm, limit: int | None = None) -> tuple[bytes, int]:
    blocks: list[bytes] = []
    count = write_answer(engine, sql, form, lambda block: blocks.append(bytes(block)), limit)
    return b"".join(blocks), count


# --- forms -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
@pytest.mark.parametrize(
    "sql", [SQL, MANY, f"{SQL.replace('ORDER BY', 'WHERE n < 0 ORDER BY')}", "SELECT 'nan'::DOUBLE AS x"]
)
def test_duckdb_writes_what_every_engine_writes(engine: Engine, form: AnyForm, sql: str) -> None:
    """Byte for byte: DuckDB's COPY, and the rows written in Python."""
    native: list[bytes] = []
    assert engine.export(sql, form, lambda block: native.append(bytes(block))) is not None  # type: ignore[arg-type]
    by_duckdb = written(engine, sql, form)
    by_python = written(engine, sql, form, 1_000_000)
    assert by_duckdb == by_python


def test_csv(folder: Path) -> None:
    done = sparkify("query", SQL, "--output", "csv", *WAREHOUSE, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert [row["text"] for row in rows] == [text or "" for text in ODD]
    assert done.stdout.splitlines()[2] == '1,"",2018-11-01 00:00:00.01,false,0.25,2018-11-02'
    assert re.search(r"\n6,,2018", done.stdout), "NULL is nothing, an empty text is two quotes"


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json(folder: Path, form: str) -> None:
    done = sparkify("query", SQL, "--output", form, *WAREHOUSE, cwd=folder)
    rows = json.loads(done.stdout) if form == "json" else list(map(json.loads, done.stdout.splitlines()))
    assert [row["text"] for row in rows] == ODD
    assert rows[3] == {"n": 3, "text": ODD[3], "heard": "2018-11-01T00:00:00.030", "is_even": False, "quarter": 0.75,
                       "day": "2018-11-04"}  # fmt: skip
    assert {c for c in done.stdout if not c.isprintable()} == {"\n"}


def test_parquet_by_duckdb_and_by_rows(engine: Engine, tmp_path: Path) -> None:
    for limit in (None, 100):
        data, count = written(engine, SQL, "parquet", limit)
        path = tmp_path / "answer.parquet"
        path.write_bytes(data)
        assert count == len(ODD)
        columns = "text, n, heard, is_even, quarter"
        found = duckdb.execute(f"SELECT {columns} FROM read_parquet(?) ORDER BY n", [str(path)]).fetchall()
        assert found == engine.query(f"SELECT {columns} FROM ({SQL}) ORDER BY n").rows


def test_markdown(folder: Path) -> None:
    sql = "SELECT 1 AS n, 'a|b' AS t UNION ALL SELECT 2, NULL"
    done = sparkify("query", sql, "--output", "markdown", *WAREHOUSE, cwd=folder)
    assert done.stdout == "| n | t |\n|---:|---|\n| 1 | a\\|b |\n| 2 |  |\n"


def test_text_in_a_pipe_is_all_rows_aligned(folder: Path) -> None:
    done = sparkify("query", MANY, *WAREHOUSE, cwd=folder)
    lines = done.stdout.splitlines()
    assert len(lines) == 50_002
    assert lines[0] == "   n   text"
    assert lines[2] == "   0   row 0"
    assert lines[-1] == "49999   row 49999"


def test_columns_of_one_name_are_told_apart(folder: Path) -> None:
    for form, expected in (("json", '[\n  {"a":1,"a_2":2}\n]\n'), ("csv", "a,a_2\n1,2\n")):
        done = sparkify("query", "SELECT 1 AS a, 2 AS a", "--output", form, *WAREHOUSE, cwd=folder)
        assert done.stdout == expected


def test_types_that_json_lacks(folder: Path) -> None:
    sql = "SELECT [1, 2] AS l, {'a': 1.5} AS s, 1.50::DECIMAL(4, 2) AS d, INTERVAL 1 DAY AS i, TIME '10:11:12' AS t"
    done = sparkify("query", sql, "--output", "json", *WAREHOUSE, cwd=folder)
    (row,) = json.loads(done.stdout)
    assert row == {"l": [1, 2], "s": {"a": 1.5}, "d": 1.5, "i": "1 day, 0:00:00", "t": "10:11:12"}


# --- where SQL comes from and rows go ----------------------------------------------------------------------------


def test_sql_from_a_file(folder: Path) -> None:
    (folder / "q.sql").write_text("\ufeff-- what\nSELECT 'ünï' AS a;\n", "utf-8")
    assert sparkify("query", "-f", "q.sql", "--output", "csv", *WAREHOUSE, cwd=folder).stdout == "a\nünï\n"
    assert_error(sparkify("query", "-f", "none.sql", *WAREHOUSE, cwd=folder), 2, "cannot read none.sql")
    assert_error(sparkify("query", "SELECT 1", "-f", "q.sql", *WAREHOUSE, cwd=folder), 2, "one of the two")


@pytest.mark.parametrize("arguments", [(), ("-",), ("-f", "-")])
def test_sql_from_standard_input(folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "in.sql").write_text("SELECT 41 + 1 AS a")
    done = sparkify(
        "query", *arguments, "--output", "csv", *WAREHOUSE, cwd=folder, streams_at={"stdin": str(folder / "in.sql")}
    )
    assert (done.stdout, done.stderr) == ("a\n42\n", "")


def test_no_sql_at_all(folder: Path) -> None:
    assert_error(sparkify("query", *WAREHOUSE, cwd=folder), 2, "there is no statement to run", "-f FILE")


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "ndjson", "parquet", "md", "txt"])
def test_out_is_a_file_whose_ending_says_how(folder: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"answer.{ending}"
    done = sparkify("query", "SELECT 7 AS a", "--out", str(path), *WAREHOUSE, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"wrote 1 row to {path}" in done.stderr
    data = path.read_bytes()
    expected = {"csv": b"a\n7\n", "json": b'[\n  {"a":7}\n]\n', "md": b"| a |\n|---:|\n| 7 |\n"}
    expected |= dict.fromkeys(("jsonl", "ndjson"), b'{"a":7}\n')
    if ending == "parquet":
        assert data.startswith(b"PAR1")
    elif ending in expected:
        assert data == expected[ending]
    else:
        assert data.decode().split() == ["a", "─", "7"]


def test_out_keeps_what_is_there_if_the_query_fails(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    path.write_text("mine")
    sql = "SELECT CASE WHEN range = 40000 THEN error('no more') ELSE range END FROM range(50000)"
    done = sparkify("query", sql, "--out", str(path), *WAREHOUSE, cwd=folder)
    assert_error(done, 1, "no more")
    assert path.read_text() == "mine"
    assert [found.name for found in tmp_path.iterdir()] == ["answer.csv"]


def test_out_is_never_the_warehouse(folder: Path) -> None:
    assert_error(sparkify("query", "SELECT 1", "--out", "w.duckdb", *WAREHOUSE, cwd=folder), 2, "w.duckdb")


@pytest.mark.parametrize("form", FORMS)
def test_a_limit_is_the_first_rows(engine: Engine, form: AnyForm) -> None:
    assert written(engine, MANY, form, 3)[1] == 3
    assert written(engine, MANY, form, 0)[1] == 0
    assert written(engine, MANY, form, 20_000)[1] == 20_000


def test_a_limit_reads_no_further(engine: Engine) -> None:
    batches = limited(engine.ask_in_batches("SELECT range FROM range(1000000000)"), 5)
    assert [row for batch in batches for row in batch.rows] == [(n,) for n in range(5)]


@pytest.mark.parametrize("limit", ["some", "-1", "1.5"])
def test_a_wrong_limit(folder: Path, limit: str) -> None:
    assert_error(sparkify("query", "SELECT 1", f"--limit={limit}", *WAREHOUSE, cwd=folder), 2, "--limit")


# --- a terminal --------------------------------------------------------------------------------------------------


def test_a_terminal_shows_both_ends_and_the_count(folder: Path) -> None:
    lines = on_terminal("query", MANY, *WAREHOUSE, cwd=folder).text.splitlines()
    assert len(lines) == 2 + 20 + 1 + 20 + 1
    assert lines[2].split() == ["0", "row", "0"]
    assert lines[22] == "… 49,960 rows …"
    assert lines[-2].split() == ["49999", "row", "49999"]
    assert lines[-1] == "50,000 rows; all of them with --limit all"


@pytest.mark.parametrize(("rows", "is_whole"), [(0, True), (1, True), (39, True), (40, True), (41, False)])
def test_a_terminal_shows_few_rows_whole(folder: Path, rows: int, is_whole: bool) -> None:
    text = on_terminal("query", f"SELECT range AS n FROM range({rows})", *WAREHOUSE, cwd=folder).text
    assert ("…" not in text) is is_whole
    assert text.splitlines()[-1].startswith(f"{rows} row")
    shown = [int(line) for line in text.splitlines()[2:-1] if line.strip().isdecimal()]
    assert shown == ([*range(rows)] if is_whole else [*range(20), *range(rows - 20, rows)])


def test_a_terminal_shows_all_rows_if_asked(folder: Path) -> None:
    text = on_terminal("query", "SELECT range AS n FROM range(500)", "--limit", "all", *WAREHOUSE, cwd=folder).text
    assert len(text.splitlines()) == 502


def test_a_terminal_is_sent_no_escapes_of_the_data(folder: Path) -> None:
    for form in ("csv", "markdown", "jsonl", "text"):
        text = on_terminal("query", SQL, "--output", form, *WAREHOUSE, cwd=folder).text
        assert {c for c in text if not c.isprintable()} == {"\n"}, form
    shown = on_terminal("query", SQL, "--output", "parquet", *WAREHOUSE, cwd=folder)
    assert (shown.code, "Parquet is nothing for a terminal" in shown.text) == (2, True)


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "csv", "json", "parquet"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1) TO 'stolen.csv' (FORMAT csv",
        "SELECT 1) TO 'stolen.csv' --",
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO 'stolen.csv'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SET enable_external_access = true",
        "DELETE FROM songplays",
        "WITH x AS (SELECT 1) INSERT INTO songs SELECT * FROM songs",
    ],
)
def test_a_query_writes_and_reads_nothing_else(folder: Path, form: str, sql: str) -> None:
    before = sorted(os.listdir(folder))
    done = sparkify("query", sql, "--output", form, *WAREHOUSE, cwd=folder)
    assert done.returncode in (1, 2)
    assert sorted(os.listdir(folder)) == before


def test_the_pipe_of_an_export_can_be_named_by_no_query(engine: Engine) -> None:
    allowed = engine.query("SELECT current_setting('allowed_paths')").rows[0][0]
    (pipe,) = [path for path in allowed if path.endswith("/rows")]
    assert not os.path.exists(os.path.dirname(pipe))
    written(engine, "SELECT 1", "csv")
    assert not os.path.exists(os.path.dirname(pipe))


@pytest.mark.parametrize("name", ["it's temporary", "nowhere"])
def test_odd_folders_for_temporary_files(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "it's temporary").mkdir()
    done = sparkify(
        "query", "SELECT 1 AS a", "--output", "csv", *WAREHOUSE, cwd=folder, env={"TMPDIR": str(tmp_path / name)}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\n1\n", "")


def test_two_connections_of_one_process_may_both_export(folder: Path) -> None:
    engines = [connect(f"duckdb:///{folder / 'w.duckdb'}", Access(read_only=True)) for _ in range(2)]
    try:
        assert [written(engine, "SELECT 1 AS a", "csv") for engine in engines] == [(b"a\n1\n", 1)] * 2
    finally:
        for engine in engines:
            engine.close()


def test_a_failing_writer_ends_the_query(engine: Engine) -> None:
    class Full(Exception):
        pass

    def write(_block: bytes) -> None:
        raise Full

    with pytest.raises(Full):
        write_answer(engine, "SELECT range, repeat('x', 100) FROM range(10000000)", "csv", write)
    assert written(engine, "SELECT 1 AS a", "csv") == (b"a\n1\n", 1)


@pytest.mark.parametrize("form", ["csv", "json", "markdown"])
def test_a_reader_that_goes_away_ends_the_query_quietly(folder: Path, form: str) -> None:
    sql = "SELECT range AS n, repeat('x', 100) AS t FROM range(10000000)"
    process = start("query", sql, "--output", form, *WAREHOUSE, cwd=folder)
    assert process.stdout and process.stderr
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 1
    process.stderr.close()


def test_full_standard_output_is_an_error(folder: Path) -> None:
    for form in ("csv", "text"):
        done = sparkify("query", MANY, "--output", form, *WAREHOUSE, cwd=folder, streams_at={"stdout": "/dev/full"})
        assert done.returncode == 1
        assert "cannot write to standard output: no space left" in done.stderr


# --- memory ------------------------------------------------------------------------------------------------------

MEGABYTES = 300
"""What a query may take, however many rows it has."""


@pytest.mark.parametrize("form", ["csv", "json", "text"])
def test_memory_does_not_grow_with_the_rows(folder: Path, form: str) -> None:
    rows = {"csv": 3_000_000, "json": 1_000_000, "text": 300_000}[form]
    sql = f"SELECT range AS n, 'a text of some length, number ' || range AS text FROM range({rows})"
    code = "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); " \
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"  # fmt: skip
    command = [*COMMAND, "query", sql, "--output", form, *WAREHOUSE]
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    returned, megabytes = map(int, done.stdout.split())
    assert returned == 0
    assert megabytes < MEGABYTES
