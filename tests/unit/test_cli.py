"""The command line, in processes of its own: bad input, odd paths, odd text, signals, documents."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.forked import LIKE_ANYONE
from tests.needs import missing
from tests.schemas import faults, schema_of
from tests.support import event, load, picture, rows, song, write_lines
from tests.unit.command import Done, assert_error, environment, sparkify, start

from sparkify import connect
from sparkify.errors import SourceError

ETL = ("etl", "--logs", "logs", "--songs", "songs", "--warehouse", "duckdb:///w.duckdb")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file of logs and one of songs."""
    write_lines(tmp_path / "logs" / "a.json", [event(), event(itemInSession=1, page="Home", artist=None, song=None)])
    write_lines(tmp_path / "songs" / "a.json", [song()])
    return tmp_path


@pytest.fixture
def loaded(folder: Path) -> Path:
    """The same, with a warehouse w.duckdb."""
    load(folder)
    return folder


def state(folder: Path) -> dict[str, bytes | str | None]:
    """Every path below a folder, with what it holds."""
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


class Unchanged:
    """What the files were before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = state(folder)

    def check(self) -> None:
        assert state(self._folder) == self._before


def with_option(name: str, value: str, arguments: tuple[str, ...] = ETL) -> list[str]:
    given = list(arguments)
    given[given.index(name) + 1] = value
    return given


# --- bad sources -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["no warehouse yet", "a warehouse is there"])
def either(request: pytest.FixtureRequest, folder: Path) -> Path:
    """A folder before its first load, and after it."""
    if request.param == "a warehouse is there":
        load(folder)
    return folder


@pytest.mark.parametrize("option", ["--logs", "--songs"])
def test_no_such_folder(either: Path, option: str) -> None:
    before = Unchanged(either)
    assert_error(sparkify(*with_option(option, "nowhere"), cwd=either), 1, "no such folder: nowhere", option)
    before.check()


@pytest.mark.parametrize("option", ["--logs", "--songs"])
def test_a_folder_without_json(either: Path, option: str) -> None:
    (either / "other" / "deep").mkdir(parents=True)
    (either / "other" / "deep" / "note.txt").write_text("{}")
    (either / "other" / "_a.json").write_text("{}")
    before = Unchanged(either)
    assert_error(sparkify(*with_option(option, "other"), cwd=either), 1, "no JSON below other", ".json")
    before.check()


def test_a_file_that_is_not_there(either: Path) -> None:
    before = Unchanged(either)
    assert_error(sparkify(*with_option("--logs", "logs/none.json"), cwd=either), 1, "no such file: logs/none.json")
    before.check()


def test_one_folder_as_both(either: Path) -> None:
    (either / "again").symlink_to("logs")
    before = Unchanged(either)
    for spelling in ("logs", "./logs/", "again", str(either / "logs")):
        done = sparkify(*with_option("--songs", spelling), cwd=either)
        assert_error(done, 2, "one place is given as both logs and songs")
    before.check()


def test_one_folder_inside_the_other(either: Path) -> None:
    before = Unchanged(either)
    write_lines(either / "logs" / "songs" / "b.json", [song()])
    done = sparkify(*with_option("--songs", "logs/songs"), cwd=either)
    assert_error(done, 2, "a file is in both logs and songs", "b.json")
    (either / "logs" / "songs" / "b.json").unlink()
    (either / "logs" / "songs").rmdir()
    before.check()


def _assert_file_fails(done: Any, *parts: str) -> None:
    """The run loads the other files, names the one that failed, and ends with 1."""
    assert done.returncode == 1, done.stderr
    for part in ("failed", *parts):
        assert part in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_link_in_a_circle(either: Path) -> None:
    (either / "logs" / "b.json").symlink_to("c.json")
    (either / "logs" / "c.json").symlink_to("b.json")
    _assert_file_fails(sparkify(*ETL, cwd=either), "link in a circle", ".json")


def test_a_source_that_is_a_link_in_a_circle(either: Path) -> None:
    (either / "ring").symlink_to("ring")
    before = Unchanged(either)
    assert_error(sparkify(*with_option("--logs", "ring"), cwd=either), 1, "ring")
    before.check()


def test_a_folder_that_links_to_itself_is_not_followed(folder: Path) -> None:
    (folder / "logs" / "round").symlink_to(".")
    (folder / "logs" / "round.json").symlink_to("..")
    done = sparkify(*ETL, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert rows(folder / "w.duckdb", "SELECT COUNT(*) FROM staging_events") == [(2,)]


def test_a_dangling_link(either: Path) -> None:
    (either / "songs" / "b.json").symlink_to("gone.json")
    _assert_file_fails(sparkify(*ETL, cwd=either), "link to nothing", "b.json")


@pytest.mark.parametrize("what", ["file", "folder"])
def test_an_unreadable_file_or_folder(loaded: Path, what: str) -> None:
    (loaded / "logs" / "b").mkdir()
    path = write_lines(loaded / "logs" / "b" / "b.json", [event(sessionId=9)])
    before = picture(loaded / "w.duckdb")
    locked = path if what == "file" else path.parent
    locked.chmod(0)
    try:
        done = sparkify(*ETL, cwd=loaded, env={LIKE_ANYONE: "1"})
    finally:
        locked.chmod(0o700)
    if what == "file":
        _assert_file_fails(done, "permission denied", "b.json")
    else:
        assert_error(done, 1, "permission denied", str(locked))
    assert picture(loaded / "w.duckdb") | {"etl_files": before["etl_files"]} == before


@pytest.mark.parametrize("name", ["open", "scandir"])
def test_a_file_or_folder_that_the_system_refuses(loaded: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As above, for root too."""
    locked = loaded / "logs" / "b"
    write_lines(locked / "b.json", [event(sessionId=9)])
    refused = locked if name == "scandir" else locked / "b.json"
    real = getattr(os, name)

    def refuse(path: Any, *arguments: Any) -> Any:
        if str(path) == str(refused):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments)

    before = picture(loaded / "w.duckdb")
    monkeypatch.setattr(os, name, refuse)
    if name == "scandir":
        with pytest.raises(SourceError, match=re.escape(f"{refused} cannot be read: permission denied")):
            load(loaded)
    else:
        load(loaded)
        failed = rows(loaded / "w.duckdb", "SELECT failure FROM etl_files WHERE state = 'failed'")
        assert ["permission denied" in failure for (failure,) in failed] == [True]
    monkeypatch.undo()
    after = picture(loaded / "w.duckdb")
    assert after | {"etl_files": before["etl_files"]} == before


def test_a_pipe_is_not_a_file(either: Path) -> None:
    os.mkfifo(either / "logs" / "b.json")
    before = state(either / "songs")
    _assert_file_fails(sparkify(*ETL, cwd=either), "is not a regular file", "b.json")
    assert state(either / "songs") == before


def test_no_source_at_all(folder: Path) -> None:
    before = Unchanged(folder)
    done = sparkify("etl", "--warehouse", "duckdb:///w.duckdb", cwd=folder)
    assert_error(done, 2, "no source is given", "--logs", "--songs")
    before.check()


# --- bad warehouses ----------------------------------------------------------------------------------------------


COMMANDS = {
    "etl": ("etl", "--logs", "logs", "--songs", "songs"),
    "create-tables": ("create-tables",),
    "plan": ("plan", "--logs", "logs", "--songs", "songs"),
    "analyze": ("analyze",),
    "query": ("query", "SELECT 1"),
    "status": ("status",),
    "runs": ("runs",),
    "rejects": ("rejects", "list"),
    "explain": ("explain", "1541121934796-1-1-0"),
}
every_command = pytest.mark.parametrize("command", COMMANDS)


@every_command
def test_a_warehouse_that_is_a_directory(folder: Path, command: str) -> None:
    before = Unchanged(folder)
    done = sparkify(*COMMANDS[command], "--warehouse", "duckdb:///logs", cwd=folder)
    assert_error(done, 1, "the warehouse is a directory: logs")
    before.check()


@pytest.mark.parametrize(
    ("command", "name", "content"),
    [
        ("etl", "w.csv", b"id,name\n1,Ada\n"),  # DuckDB itself opens these three as tables in memory
        ("etl", "w.json", b'{"a": 1}\n'),
        ("etl", "empty.csv", b""),
        ("etl", "w.duckdb", b"x" * 100_000),
        ("etl", "w.duckdb", b"short"),
        ("etl", "empty.duckdb", b""),
        *((command, "w.csv", b"id,name\n1,Ada\n") for command in COMMANDS if command != "etl"),
    ],
)
def test_a_warehouse_that_is_not_a_duckdb_file(folder: Path, command: str, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    before = Unchanged(folder)
    done = sparkify(*COMMANDS[command], "--warehouse", f"duckdb:///{name}", cwd=folder)
    assert_error(done, 1, f"not a DuckDB file: {name}")
    before.check()


def test_a_damaged_warehouse(loaded: Path) -> None:
    content = (loaded / "w.duckdb").read_bytes()
    (loaded / "w.duckdb").write_bytes(content[:16] + b"x" * (len(content) - 16))
    before = Unchanged(loaded)
    done = sparkify(*ETL, cwd=loaded)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "w.duckdb" in done.stderr
    assert "Traceback" not in done.stderr
    before.check()


HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Another process has the file open, until the block ends; its number comes back."""
    arguments = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == "open\n"
        try:
            yield holder.pid
        finally:
            holder.stdin.close()


def test_a_warehouse_that_another_process_has_open(loaded: Path) -> None:
    path = loaded / "w.duckdb"
    before, bytes_before = picture(path), path.read_bytes()
    write_lines(loaded / "logs" / "b.json", [event(sessionId=2)])
    with held(path) as holder:
        for arguments in COMMANDS.values():
            done = sparkify(*arguments, "--warehouse", "duckdb:///w.duckdb", cwd=loaded)
            assert_error(done, 1, "w.duckdb is in use by process", str(holder), "Wait until it ends")
    assert picture(path) == before
    assert path.read_bytes() == bytes_before


@pytest.mark.parametrize(
    ("command", "url"),
    [
        *(("etl", url) for url in ("duckdb:w.duckdb", "duckdb://", "duckdb:///", "duckdb://w.duckdb", "", "://w")),
        *((command, "w.duckdb") for command in COMMANDS),
    ],
)
def test_a_malformed_url(folder: Path, command: str, url: str) -> None:
    before = Unchanged(folder)
    done = sparkify(*COMMANDS[command], "--warehouse", url, cwd=folder)
    assert_error(done, 2, "malformed warehouse URL", "duckdb:///")
    before.check()


@every_command
def test_an_unknown_scheme_lists_the_known_ones(folder: Path, command: str) -> None:
    before = Unchanged(folder)
    done = sparkify(*COMMANDS[command], "--warehouse", "mysql://ada:s3cret@host/db", cwd=folder)
    assert_error(done, 2, "mysql://", "duckdb://")
    assert "s3cret" not in done.stderr
    before.check()


def test_an_unknown_scheme_of_a_source(either: Path) -> None:
    before = Unchanged(either)
    done = sparkify(*with_option("--logs", "ftp://ada:s3cret@host/logs"), cwd=either)
    assert_error(done, 2, "ftp://", "unknown scheme")
    assert "s3cret" not in done.stderr
    before.check()


def test_a_warehouse_in_a_folder_that_is_not_there(folder: Path) -> None:
    before = Unchanged(folder)
    done = sparkify(*with_option("--warehouse", "duckdb:///no/w.duckdb"), cwd=folder)
    assert_error(done, 1, "no such folder: no", "four slashes")
    before.check()


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("etl", "create-tables", "plan")])
def test_looking_at_a_missing_warehouse_does_not_make_one(folder: Path, command: str) -> None:
    before = Unchanged(folder)
    done = sparkify(*COMMANDS[command], "--warehouse", "duckdb:///w.duckdb", cwd=folder)
    assert_error(done, 1, "no warehouse at w.duckdb", "sparkify etl")
    before.check()


def test_planning_does_not_make_a_warehouse(folder: Path) -> None:
    before = Unchanged(folder)
    done = sparkify(*COMMANDS["plan"], "--warehouse", "duckdb:///w.duckdb", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "2 new" in done.stderr
    before.check()


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT * FROM nothing", "DELETE FROM users", "DROP TABLE users"])
def test_a_query_that_cannot_be_run(loaded: Path, sql: str) -> None:
    before = picture(loaded / "w.duckdb")
    done = sparkify("query", sql, "--warehouse", "duckdb:///w.duckdb", cwd=loaded)
    assert done.returncode == (1 if sql.startswith("SELECT") else 2)
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert picture(loaded / "w.duckdb") == before


def test_a_traceback_is_shown_only_when_asked_for(folder: Path) -> None:
    quiet = sparkify(*with_option("--logs", "nowhere"), cwd=folder)
    loud = sparkify(*with_option("--logs", "nowhere"), "--verbose", cwd=folder)
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
    assert (quiet.returncode, loud.returncode) == (1, 1)


@pytest.mark.parametrize("arguments", [["etl", "--nothing"], ["nothing"], ["query"], ["etl", "--output", "xml"]])
def test_wrong_usage(folder: Path, arguments: list[str]) -> None:
    before = Unchanged(folder)
    done = sparkify(*arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert arguments[-1] in done.stderr
    before.check()


# --- odd paths ---------------------------------------------------------------------------------------------------


ODD = [
    "a space",
    "it's",
    'a "quote"',
    "100%",
    "%41",
    "st*r",
    "[ab]",
    "{a,b}",
    "日本 ☃ é",
    "a;b--",
    "$HOME",
    "new\nline",
    "#1",
]
NEIGHBOURS = {"st*r": "star", "[ab]": "a", "{a,b}": "a", "%41": "A"}


@pytest.mark.parametrize("name", ODD)
def test_odd_paths_load_right(tmp_path: Path, name: str) -> None:
    logs, songs = tmp_path / name / f"logs {name}", tmp_path / name / f"songs {name}"
    write_lines(logs / f"{name}.json", [event()])
    write_lines(songs / f"{name}.json", [song()])
    neighbour = NEIGHBOURS.get(name, "neighbour")
    write_lines(logs / f"{neighbour}.json", [event(sessionId=2)])
    write_lines(tmp_path / neighbour / f"logs {neighbour}" / f"{neighbour}.json", [event(sessionId=3)])
    write_lines(songs / f"{neighbour}.json", [song(song_id="SO2", title="Another")])
    path = tmp_path / name / f"w {name}.duckdb"
    arguments = ("etl", "--logs", str(logs), "--songs", str(songs), "--warehouse", f"duckdb:///{path}")

    done = sparkify(*arguments, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "loaded 2 events and 2 songs from 4 files" in done.stderr
    assert path.is_file()
    sql = (
        'SELECT f.uri, e."sessionId" FROM staging_events AS e JOIN etl_files AS f USING (file_id) ORDER BY "sessionId"'
    )
    assert rows(path, sql) == [((logs / f"{name}.json").as_uri(), 1), ((logs / f"{neighbour}.json").as_uri(), 2)]
    assert rows(path, "SELECT song_id, inferred FROM songplays JOIN songs USING (song_id)") == [("SO1", False)] * 2
    with connect(f"duckdb:///{path}") as warehouse:
        again = warehouse.etl(logs=str(logs), songs=str(songs))
    assert (again.files_loaded, again.files_unchanged) == (0, 4)


@pytest.mark.parametrize("name", ["què?", "back\\slash"])
def test_odd_paths_that_duckdb_cannot_write_to(tmp_path: Path, name: str) -> None:
    """They can be read from; a warehouse there is refused before anything is made."""
    write_lines(tmp_path / name / "logs" / f"{name}.json", [event()])
    write_lines(tmp_path / name / "songs" / f"{name}.json", [song()])
    sources = ("--logs", f"{name}/logs", "--songs", f"{name}/songs")
    before = Unchanged(tmp_path)
    done = sparkify("etl", *sources, "--warehouse", f"duckdb:///{name}/w.duckdb", cwd=tmp_path)
    assert_error(done, 1, "DuckDB cannot keep a file at", "Name a path without")
    before.check()
    done = sparkify("etl", *sources, "--warehouse", "duckdb:///w.duckdb", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "w.duckdb", "SELECT song_id FROM songplays") == [("SO1",)]


@pytest.mark.parametrize("name", ["sqlite:w", "md:w", "w.csv"])
def test_names_that_duckdb_takes_for_something_else_are_files(folder: Path, name: str) -> None:
    """None of them is kept in memory, or fetched from the network."""
    done = sparkify(*with_option("--warehouse", f"duckdb:///{name}"), cwd=folder)
    assert done.returncode == 0, done.stderr
    shutil.copy(folder / name, folder / "copy.duckdb")
    assert rows(folder / "copy.duckdb", "SELECT COUNT(*) FROM staging_events") == [(2,)]


def test_a_warehouse_in_memory_is_refused_with_the_reason(folder: Path) -> None:
    before = Unchanged(folder)
    done = sparkify(*with_option("--warehouse", "duckdb:///:memory:"), cwd=folder)
    assert_error(done, 2, "a warehouse in memory would be gone at the end of the command", "duckdb:///warehouse.duckdb")
    before.check()


@pytest.mark.parametrize("name", ["st*r", "[ab]", "it's", "100%"])
def test_odd_paths_of_large_files_load_right(tmp_path: Path, name: str) -> None:
    """Files too large to be packed are read in place, by their own path."""
    filler = "x" * 1000
    many = [event(sessionId=n, userAgent=filler) for n in range(3000)]
    write_lines(tmp_path / "logs" / f"{name}.json", many)
    write_lines(tmp_path / "logs" / f"{NEIGHBOURS.get(name, 'n')}.json", [event(sessionId=-n) for n in range(1, 3000)])
    write_lines(tmp_path / "songs" / "a.json", [song()])
    path = load(tmp_path)
    assert rows(path, 'SELECT COUNT(*), COUNT(DISTINCT "sessionId") FROM staging_events') == [(5999, 5999)]


def test_a_path_that_is_not_utf_8(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    try:
        write_lines(tmp_path / odd / f"{odd}.json", [event()])
    except OSError:
        missing("names", "this file system takes UTF-8 alone")
    write_lines(tmp_path / "songs" / "a.json", [song()])
    done = sparkify(*with_option("--logs", odd), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "w.duckdb", "SELECT uri[-18:] FROM etl_files WHERE kind = 'events'") == [
        ("caf%E9/caf%E9.json",)
    ]


# --- odd text ----------------------------------------------------------------------------------------------------


ODD_TITLES = [
    "[/red]",
    "[bold]loud[/bold]",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "two\nlines",
    "\u202eback",
    "\x9b31m",
    ":smile:",
]


@pytest.mark.parametrize("title", ODD_TITLES)
def test_odd_titles_are_printed_as_text(tmp_path: Path, title: str) -> None:
    write_lines(tmp_path / "songs" / "a.json", [song(title=title)])
    write_lines(tmp_path / "logs" / "a.json", [event(song=title)])
    load(tmp_path)
    warehouse = ("--warehouse", "duckdb:///w.duckdb")
    query = ("query", "SELECT title FROM songs", *warehouse)

    printed = sparkify(*query, cwd=tmp_path)
    assert printed.returncode == 0, printed.stderr
    shown = title if title.isprintable() else title.encode("unicode_escape").decode()
    assert printed.stdout.splitlines()[-1].strip() == shown
    document = sparkify(*query, "--output", "json", cwd=tmp_path)
    assert json.loads(document.stdout) == [{"title": title}]
    explained = sparkify("explain", "1541121934796-1-1-0", *warehouse, cwd=tmp_path)
    assert explained.returncode == 0, explained.stderr
    assert shown in explained.stdout
    for done in (printed, document, explained):
        assert_harmless(done)


def test_odd_names_of_columns_files_and_fields_are_printed_as_text(tmp_path: Path) -> None:
    odd = "[/red]\x1b[31m"
    write_lines(tmp_path / "logs" / f"{odd}.json", [event(**{odd: 1}), "{"])
    write_lines(tmp_path / "songs" / "a.json", [song(**{odd: 1})])
    runs = [
        sparkify(*arguments, "--warehouse", "duckdb:///w.duckdb", cwd=tmp_path)
        for arguments in (
            ("plan", "--logs", "logs", "--songs", "songs"),
            ("etl", "--logs", "logs", "--songs", "songs", "--max-rejects", "0"),
            ("etl", "--logs", "logs", "--songs", "songs"),
            ("query", f'SELECT 1 AS "{odd}"'),
            ("query", f'SELECT 1 AS "{odd}" FROM nothing'),
            ("rejects", "list"),
            ("rejects", "show", "2-1"),
            ("etl", "--logs", odd),
        )
    ]
    assert [done.returncode for done in runs] == [0, 3, 0, 0, 1, 0, 0, 1], [done.stderr for done in runs]
    for done in runs:
        assert_harmless(done)
    for place in (0, 3, 5, 6):
        assert "[/red]\\x1b[31m" in runs[place].stdout
    for place in (1, 2, 7):
        assert "[/red]\\x1b[31m" in runs[place].stderr


def assert_harmless(done: Done) -> None:
    """No control character, but for the ends of lines."""
    for text in (done.stdout, done.stderr):
        odd = {c for c in text if not c.isprintable() and c != "\n"}
        assert not odd, repr(text)


# --- documents ---------------------------------------------------------------------------------------------------


DOCUMENTS: dict[str, tuple[str, ...]] = {
    "create-tables": ("create-tables",),
    "create-tables --drop": ("create-tables", "--drop", "--yes"),
    "plan": ("plan", "--logs", "logs", "--songs", "songs"),
    "doctor": ("doctor", "--logs", "logs", "--songs", "songs"),
    "plan --sql": ("plan", "--sql", "--logs", "logs", "--songs", "songs"),
    "etl": ("etl", "--logs", "logs", "--songs", "songs"),
    "etl --full-refresh": ("etl", "--full-refresh", "--logs", "logs", "--songs", "songs"),
    "analyze": ("analyze",),
    "query": ("query", "SELECT *, 1.5::DECIMAL(3, 1) AS d, DATE '2018-11-01' AS day, [1, 2] AS l FROM songplays"),
    "query nothing": ("query", "SELECT * FROM songs WHERE FALSE"),
    "query not a number": ("query", "SELECT 'nan'::DOUBLE AS a, 'inf'::DOUBLE AS b, -'inf'::DOUBLE AS c"),
    "query text that is not Unicode": ("query", "SELECT '\\xFF'::BLOB AS a, INTERVAL 1 DAY AS b, {'a': 1} AS c"),
    "status": ("status",),
    "runs": ("runs",),
    "rejects list": ("rejects", "list"),
    "rejects show": ("rejects", "show", "2-1"),
    "rejects replay": ("rejects", "replay"),
    "explain": ("explain", "1541121934796-1-1-0"),
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder and a warehouse, with a play, a reject, and a file that is new."""
    folder = tmp_path_factory.mktemp("filled")
    write_lines(folder / "logs" / "a.json", [event(), "{"])
    write_lines(folder / "songs" / "a.json", [song()])
    load(folder)
    write_lines(folder / "logs" / "b.json", [event(sessionId=2)])
    return folder


def one_document(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"not JSON: {constant}")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_output_json_prints_one_document(filled: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "w.duckdb").write_bytes((filled / "w.duckdb").read_bytes())
    for kind in ("logs", "songs"):
        (tmp_path / kind).symlink_to(filled / kind)
    done = sparkify(*DOCUMENTS[name], "--warehouse", "duckdb:///w.duckdb", "--output", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert faults(one_document(done.stdout), schema_of(name)) == []


def test_generate_prints_one_document(tmp_path: Path) -> None:
    done = sparkify("generate", "out", "--users", "5", "--songs", "5", "--to", "2018-11-02", "--workers", "1",
                    "--output", "json", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert one_document(done.stdout)["events"] >= 0


def test_generate_says_its_settings_when_verbose(tmp_path: Path) -> None:
    done = sparkify("generate", "out", "--users", "5", "--songs", "5", "--to", "2018-11-02", "--verbose", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"users = 5", "songs = 5", "seed = 0", "match_rate = 1.0"} <= set(done.stderr.splitlines())


def test_generate_shows_a_traceback_when_verbose_alone(tmp_path: Path) -> None:
    wrong = ("generate", "out", "--users", "0")
    assert_error(sparkify(*wrong, cwd=tmp_path), 2, "--users must be between 1")
    done = sparkify(*wrong, "--verbose", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, True)
    assert state(tmp_path) == {}


def test_every_command_with_output_is_asked_for_a_document() -> None:
    """A new command with --output must come into the list above."""
    from typer.main import get_command

    from sparkify.cli.app import app

    found = set()
    groups: list[tuple[str, Any]] = [("", get_command(app))]
    while groups:
        prefix, group = groups.pop()
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                groups.append((f"{prefix}{name} ", command))
            elif any("--output" in parameter.opts for parameter in command.params):
                found.add(prefix + name)
    elsewhere = {"generate", "compare", "cluster create", "cluster status", "cluster destroy"}
    assert found - elsewhere <= set(DOCUMENTS)
    assert len(found) > 8


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lines_are_whole(tmp_path: Path, option: str) -> None:
    done = sparkify(option, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for group in ((), ("rejects",), ("cluster",)):
        commands = sparkify(*group, option, cwd=tmp_path).stdout.partition("Commands:")[2]
        assert commands and "..." not in commands
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert sparkify("rejects", "list", option, cwd=tmp_path).stdout.startswith("Usage: sparkify rejects list")


def test_what_the_documents_say(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "w.duckdb").write_bytes((filled / "w.duckdb").read_bytes())
    where = ("--warehouse", "duckdb:///w.duckdb", "--output", "json")
    sources = ("--logs", str(filled / "logs"), "--songs", str(filled / "songs"))
    plan = one_document(sparkify("plan", *sources, *where, cwd=tmp_path).stdout)
    assert plan.pop("passed_over")["events"] == {"endings": {}, "linked_folders": 0, "excluded": 0}
    assert plan.pop("slices") == []
    assert plan == {
        "new": [str(filled / "logs" / "b.json")],
        "changed": [],
        "grown": [],
        "unchanged": 2,
        "vanished": [],
        "failed": {},
    }
    summary = one_document(sparkify("etl", *sources, *where, cwd=tmp_path).stdout)
    assert (summary["files_loaded"], summary["loaded"]) == (1, {"events": 1, "songs": 0})
    answer = one_document(sparkify("query", "SELECT start_time, user_id FROM songplays", *where, cwd=tmp_path).stdout)
    assert answer == [{"start_time": "2018-11-02T01:25:34.796", "user_id": 1}] * 2
    counts = one_document(sparkify("analyze", *where, cwd=tmp_path).stdout)
    assert counts["rows"]["songplays"] == 2
    assert {check["state"] for check in counts["checks"]} <= {"passed", "warning"}
    runs = one_document(sparkify("runs", *where, cwd=tmp_path).stdout)
    assert [run["state"] for run in runs] == ["done", "done"]
    assert one_document(sparkify("status", *where, cwd=tmp_path).stdout)["rejects"] == 1


def test_a_reader_that_goes_away_is_no_fault(loaded: Path) -> None:
    process = start("query", "SELECT range FROM range(20000)", "--warehouse", "duckdb:///w.duckdb", cwd=loaded)
    assert process.stdout and process.stderr
    process.stdout.close()
    message = process.stderr.read()
    process.wait(60)
    process.stderr.close()
    assert message == ""


def test_dropping_asks_first(loaded: Path) -> None:
    before = picture(loaded / "w.duckdb")
    done = sparkify("create-tables", "--drop", "--warehouse", "duckdb:///w.duckdb", cwd=loaded)
    assert_error(done, 2, "--yes")
    assert picture(loaded / "w.duckdb") == before
    done = sparkify("create-tables", "--drop", "--yes", "--warehouse", "duckdb:///w.duckdb", cwd=loaded)
    assert done.returncode == 0, done.stderr
    assert rows(loaded / "w.duckdb", "SELECT COUNT(*) FROM staging_events") == [(0,)]


def test_the_second_run_says_that_nothing_is_new(folder: Path) -> None:
    assert "loaded 2 events and 1 song from 2 files" in sparkify(*ETL, cwd=folder).stderr
    before = picture(folder / "w.duckdb")
    done = sparkify(*ETL, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing new to load: 2 files are unchanged" in done.stderr
    assert picture(folder / "w.duckdb") == before


# --- signals -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of one day, and a few hundred thousand events that are new."""
    folder = tmp_path_factory.mktemp("many")
    write_lines(folder / "logs" / "a.json", [event()])
    write_lines(folder / "songs" / "a.json", [song()])
    load(folder)
    line = json.dumps(event(sessionId=123456789, userId="987654321", song="TITLE"))
    with open(folder / "logs" / "b.json", "w", encoding="utf-8") as out:
        for number in range(300_000):
            out.write(
                line.replace("123456789", str(number + 2))
                .replace("987654321", str(number % 5000))
                .replace("TITLE", f"Song {number % 50_000}")
                + "\n"
            )
    return folder


@pytest.mark.parametrize("seconds", [0.0, 0.4, 1.0], ids=["at once", "soon", "later"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("is_new", [False, True], ids=["grown", "new"])
def test_a_signal_leaves_the_warehouse_as_it_was(
    many: Path, tmp_path: Path, number: signal.Signals, seconds: float, is_new: bool
) -> None:
    path = tmp_path / "w.duckdb"
    before = picture(many / "w.duckdb")
    spool = tmp_path / "spool"
    spool.mkdir()
    (tmp_path / "sparkify.toml").write_text(f'spool = "{spool}"\n')
    is_late = True
    while is_late:  # once more, and sooner, on a machine that is done by then
        path.unlink(missing_ok=True)
        if not is_new:
            path.write_bytes((many / "w.duckdb").read_bytes())
        process = start(*_etl_of(many), "--warehouse", "duckdb:///w.duckdb", cwd=tmp_path)
        _wait_until_it_works(process, path, spool)
        time.sleep(seconds)
        process.send_signal(number)
        out, message = process.communicate(timeout=60)
        is_late = process.returncode == 0
        seconds /= 2
    assert process.returncode == 128 + number, message
    assert out == ""
    assert "interrupted" in message
    assert "Traceback" not in message
    assert len(message.splitlines()) == 1, message
    assert list(spool.iterdir()) == []
    if is_new:
        assert all(found == [] for found in picture(path).values())
    else:
        assert picture(path) == before
    last = rows(path, "SELECT state, reason FROM etl_runs ORDER BY run_id DESC LIMIT 1")
    assert last == [("interrupted", "interrupted")]
    assert not (tmp_path / "w.duckdb.wal").exists()


START = """
import os, signal, sys
class Signal:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.{number})
sys.meta_path.insert(0, Signal())
sys.argv = ["sparkify", "status"]
from sparkify.cli import main
main()
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_at_the_start_is_no_fault_either(tmp_path: Path, number: str) -> None:
    """It comes while the command line is being imported."""
    code = [sys.executable, "-c", START.format(number=number)]
    done = subprocess.run(
        code,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stdout) == (128 + signal.Signals[number], "")
    assert done.stderr == "interrupted: the warehouse is at its last committed chunk\n"
    assert list(tmp_path.iterdir()) == []


def _etl_of(folder: Path) -> tuple[str, ...]:
    return ("etl", "--logs", str(folder / "logs"), "--songs", str(folder / "songs"))


def _wait_until_it_works(process: subprocess.Popen[str], path: Path, spool: Path) -> None:
    """The run has begun: its spool holds something."""
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and any(spool.iterdir()):
            return
        time.sleep(0.02)
    raise AssertionError(f"the run did not begin: {process.communicate()}")


def test_the_run_that_follows_an_interrupted_one_is_whole(many: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    path.write_bytes((many / "w.duckdb").read_bytes())
    arguments = (
        "etl",
        "--logs",
        str(many / "logs"),
        "--songs",
        str(many / "songs"),
        "--warehouse",
        f"duckdb:///{path}",
    )
    spool = tmp_path / "spool"
    spool.mkdir()
    (tmp_path / "sparkify.toml").write_text(f'spool = "{spool}"\n')
    process = start(*arguments, cwd=tmp_path)
    _wait_until_it_works(process, path, spool)
    process.kill()
    process.communicate()
    done = sparkify(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(300_001,)]
    states = rows(path, "SELECT state FROM etl_runs ORDER BY run_id")
    assert states[-2:] == [("interrupted",), ("done",)]


def test_the_environment_of_these_tests_has_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARKIFY_LOGS", "elsewhere")
    assert "SPARKIFY_LOGS" not in environment()
