"""An output never destroys what it is pointed at: every option that names one, at every kind of target."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import event, load, picture, song, write_lines
from tests.unit.command import COMMAND, Done, assert_error, environment, sparkify

from sparkify.errors import OutputError, UsageError
from sparkify.storage.output_file import Kept, OutputFile

SOURCES = ("--logs", "logs", "--songs", "songs", "--warehouse", "duckdb:///w.duckdb")
WRITERS: dict[str, tuple[str, ...]] = {
    "etl --rejects-file": ("etl", *SOURCES, "--max-rejects", "0", "--rejects-file"),
    "analyze --report": ("analyze", "--warehouse", "duckdb:///w.duckdb", "--report"),
    "erd --out": ("erd", "--out"),
    "init --force": ("init", "--force"),
}
ENDS_WITH = {name: 3 if "rejects" in name else 0 for name in WRITERS}
"""The exit code of a command that has written: rejects are written when a run is refused."""
STARTS_WITH = {
    "etl --rejects-file": b'{"file": ',
    "analyze --report": b"<!doctype html>",
    "erd --out": b"erDiagram",
    "init --force": b"#:schema ",
}

every_writer = pytest.mark.parametrize("writer", WRITERS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_lines(folder / "logs" / "a.json", [event()])
    write_lines(folder / "songs" / "a.json", [song()])
    load(folder)
    write_lines(folder / "logs" / "b.json", [event(sessionId=2), "bad"])
    (folder / "sparkify.toml").write_text('logs = "logs"\nsongs = "songs"\nwarehouse = "duckdb:///w.duckdb"\n')
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Sources, a warehouse, a configuration that names them, and a reject that the next load meets."""
    for path in made.rglob("*.*"):
        target = tmp_path / path.relative_to(made)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    return tmp_path


def run(folder: Path, writer: str, target: str) -> Done:
    return sparkify(*WRITERS[writer], target, cwd=folder)


def umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@every_writer
def test_a_new_file_is_written(folder: Path, writer: str) -> None:
    done = run(folder, writer, "new.out")
    assert done.returncode == ENDS_WITH[writer], done.stderr
    assert (folder / "new.out").read_bytes().lower().startswith(STARTS_WITH[writer].lower())
    assert stat.S_IMODE((folder / "new.out").stat().st_mode) == 0o666 & ~umask()


@every_writer
def test_a_regular_file_is_replaced_and_keeps_its_permissions(folder: Path, writer: str) -> None:
    (folder / "old.out").write_text("old")
    (folder / "old.out").chmod(0o640)
    done = run(folder, writer, "old.out")
    assert done.returncode == ENDS_WITH[writer], done.stderr
    assert (folder / "old.out").read_bytes().lower().startswith(STARTS_WITH[writer].lower())
    assert stat.S_IMODE((folder / "old.out").stat().st_mode) == 0o640
    assert not list(folder.glob(".sparkify-*"))


@every_writer
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_a_link_is_followed_and_stays(folder: Path, writer: str, there: bool) -> None:
    target = folder / "deep" / "target.out"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    (folder / "link.out").symlink_to("deep/target.out")
    done = run(folder, writer, "link.out")
    assert done.returncode == ENDS_WITH[writer], done.stderr
    assert os.readlink(folder / "link.out") == "deep/target.out"
    assert target.read_bytes().lower().startswith(STARTS_WITH[writer].lower())


KEPT = {
    "the warehouse": "w.duckdb",
    "the warehouse's log": "w.duckdb.wal",
    "a link to the warehouse": "link-to-warehouse",
    "a hard link to the warehouse": "hard-warehouse",
    "another DuckDB file": "other.duckdb",
    "a file that is read": "logs/b.json",
    "a link to a file that is read": "link-to-logs",
    "a hard link to a file that is read": "hard-logs",
    "what a link in the source points at": "elsewhere.json",
    "a link through the source's folder": "source/a.json",
    "a directory": "songs",
    "a link in a circle": "circle",
    "a socket": "socket",
    "a folder that is not there": "no/such/folder",
    "a file as a folder": "w.duckdb/report",
}


@pytest.fixture
def trapped(folder: Path) -> Iterator[Path]:
    (folder / "link-to-warehouse").symlink_to(folder / "w.duckdb")
    os.link(folder / "w.duckdb", folder / "hard-warehouse")
    (folder / "other.duckdb").write_bytes((folder / "w.duckdb").read_bytes())
    (folder / "link-to-logs").symlink_to("logs/b.json")
    os.link(folder / "logs" / "b.json", folder / "hard-logs")
    write_lines(folder / "elsewhere.json", [event(sessionId=3)])
    (folder / "logs" / "c.json").symlink_to(folder / "elsewhere.json")
    (folder / "source").symlink_to("logs")
    (folder / "circle").symlink_to("circle")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(".", os.O_RDONLY)
        os.chdir(folder)  # the names of sockets are short
        listening.bind("socket")
        os.chdir(here)
        os.close(here)
        yield folder


@every_writer
@pytest.mark.parametrize("target", KEPT)
def test_what_must_not_be_replaced_is_refused_by_name(trapped: Path, writer: str, target: str) -> None:
    before, rows = content(trapped), picture(trapped / "w.duckdb")
    assert_error(run(trapped, writer, KEPT[target]), 2, f" to {KEPT[target].rstrip('/')}", "Name another file")
    assert content(trapped) == before
    assert picture(trapped / "w.duckdb") == rows


@pytest.mark.parametrize("writer", [name for name in WRITERS if "init" not in name])
@pytest.mark.parametrize("target", ["sparkify.toml", "logs/new.json", "logs/deep", "songs/rejects.jsonl"])
def test_the_configuration_and_new_files_in_a_source_are_refused(folder: Path, writer: str, target: str) -> None:
    before = content(folder)
    assert_error(run(folder, writer, target), 2, f" to {target}: it is ")
    assert content(folder) == before


def test_a_configuration_that_is_named_is_refused_too(folder: Path) -> None:
    (folder / "sparkify.toml").rename(folder / "my.toml")
    before = content(folder)
    for writer in ("etl --rejects-file", "analyze --report", "erd --out"):
        assert_error(sparkify(*WRITERS[writer], "my.toml", "--config", "my.toml", cwd=folder), 2, "my.toml")
    assert content(folder) == before


@every_writer
def test_a_refused_file_leaves_no_warehouse_behind(folder: Path, writer: str) -> None:
    (folder / "w.duckdb").unlink()
    before = content(folder)
    assert run(folder, writer, "logs").returncode == 2
    assert content(folder) == before


@every_writer
def test_a_device_is_written_to_and_stays(folder: Path, writer: str) -> None:
    before = os.stat("/dev/full")
    done = run(folder, writer, "/dev/full")
    assert_error(Done(done.args, done.returncode, "", done.stderr), 1, "/dev/full", "no space left on device")
    assert (os.stat("/dev/full").st_rdev, os.stat("/dev/full").st_ino) == (before.st_rdev, before.st_ino)
    assert run(folder, writer, "/dev/null").returncode == ENDS_WITH[writer]
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@every_writer
def test_a_pipe_is_written_to_and_stays(folder: Path, writer: str) -> None:
    os.mkfifo(folder / "pipe")
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append((folder / "pipe").read_bytes()))
    reader.start()
    done = run(folder, writer, "pipe")
    reader.join(30)
    assert done.returncode == ENDS_WITH[writer], done.stderr
    assert found[0].lower().startswith(STARTS_WITH[writer].lower())
    assert stat.S_ISFIFO(os.stat(folder / "pipe").st_mode)


@every_writer
@pytest.mark.parametrize("target", ["-", "/dev/stdout"])
def test_standard_output_is_written_to(folder: Path, writer: str, target: str) -> None:
    """To a file, to which /dev/stdout is a link: it must not be replaced under what has it open."""
    with open(folder / "out", "w+b") as out:
        command = [*COMMAND, *WRITERS[writer], target]
        done = subprocess.run(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE
        )
        out.seek(0)
        text = out.read()
    assert done.returncode == ENDS_WITH[writer], done.stderr
    assert text.lower().startswith(STARTS_WITH[writer].lower())
    assert (folder / "out").read_bytes() == text


@every_writer
def test_a_disk_that_is_full_leaves_the_old_file(folder: Path, writer: str) -> None:
    """A limit on the size of files stands for the disk; nothing half-written is left."""
    for name in ("old.out", "new.out"):
        if name == "old.out":
            (folder / name).write_text("old")
        before = {path.name for path in folder.iterdir()}
        script = f"""
import resource, signal, sys
from contextlib import contextmanager
from sparkify.storage import output_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
real = output_file.OutputFile.open
@contextmanager
def limited(self):
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, resource.RLIM_INFINITY))
    try:
        with real(self) as out:
            yield out
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
output_file.OutputFile.open = limited
sys.argv = ["sparkify", *{[*WRITERS[writer], name]!r}]
from sparkify.cli import main
main()
"""
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env=environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1, done.stderr
        assert f" to {name}: file too large" in done.stderr
        assert {path.name for path in folder.iterdir()} == before
    assert (folder / "old.out").read_text() == "old"


def test_what_is_there_by_then_counts(tmp_path: Path) -> None:
    """The target is looked at again when it is written: the warehouse may have been made meanwhile."""
    output = OutputFile(tmp_path / "r.html", "the report", Kept())
    (tmp_path / "r.html").mkdir()
    with pytest.raises(UsageError, match="it is a directory"):
        output.write("text")


def test_a_name_that_ends_in_a_slash_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it names a folder"):
        OutputFile(f"{tmp_path}/new/", "the report")


def test_the_api_refuses_them_as_well(folder: Path) -> None:
    import sparkify

    before = content(folder)
    with sparkify.connect(f"duckdb:///{folder}/w.duckdb", read_only=True) as warehouse:
        with pytest.raises(UsageError, match=r"w\.duckdb"):
            warehouse.report(folder / "w.duckdb")
        with pytest.raises(UsageError, match="it is a directory"):
            warehouse.report(folder / "logs")
    assert content(folder) == before


def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(OutputError, match="not permitted"), OutputFile(tmp_path / "a", "the report").open() as out:
        out.write(b"new")
        raise PermissionError(1, "Operation not permitted")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"
