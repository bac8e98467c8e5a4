"""Every command meets every fault of its surroundings: one paragraph and an exit code, never a traceback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.forked import CLOSED, GONE
from tests.support import event, load, rows, song, write_lines
from tests.unit.command import Done, environment, sparkify, start

SOURCES = ("--logs", "logs", "--songs", "songs")
FEW = ("--users", "2", "--songs", "3", "--to", "2018-11-02", "--workers", "1")
COMMANDS: dict[str, tuple[str, ...]] = {
    "init": ("new.toml",),
    "doctor": SOURCES,
    "generate": ("out", *FEW),
    "create-tables": ("--drop", "--yes"),
    "plan": SOURCES,
    "etl": SOURCES,
    "analyze": (),
    "erd": (),
    "query": ("SELECT 1 AS a",),
    "status": (),
    "compare": ("duckdb:///sparkify.duckdb", "duckdb:///sparkify.duckdb"),
    "runs": (),
    "rejects list": (),
    "rejects show": ("2-1",),
    "rejects replay": (),
    "explain": ("1541121934796-1-1-0",),
    "demo": ("demo", "--users", "2"),
    "cluster create": ("--yes",),
    "cluster status": (),
    "cluster destroy": ("--yes",),
}
NO_CLOUD = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/none",
            "AWS_SHARED_CREDENTIALS_FILE": "/none"}  # fmt: skip
every_command = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_lines(folder / "logs" / "a.json", [event(), "bad"])
    write_lines(folder / "songs" / "a.json", [song()])
    load(folder, "sparkify")
    write_lines(folder / "logs" / "b.json", [event(sessionId=2)])
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "work")


def run(folder: Path, command: str, **streams_at: str) -> Done:
    return sparkify(*command.split(), *COMMANDS[command], cwd=folder, env=NO_CLOUD, streams_at=streams_at)


def again(made: Path, folder: Path) -> Path:
    """The folder as it was at first."""
    shutil.rmtree(folder, ignore_errors=True)
    return shutil.copytree(made, folder)


def assert_explained(done: Done, *codes: int) -> None:
    assert done.returncode in codes, done
    assert "Traceback" not in done.stdout + done.stderr
    assert "Exception ignored" not in done.stderr
    if done.stderr.startswith("error: "):
        lines = done.stderr.rstrip("\n").split("\n")
        assert all(lines), done.stderr
        assert len(lines) <= 5, done.stderr


def test_every_command_is_here() -> None:
    from typer.main import get_command

    from sparkify.cli.app import app

    found = set()
    groups: list[tuple[str, Any]] = [("", get_command(app))]
    while groups:
        prefix, group = groups.pop()
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                groups.append((f"{prefix}{name} ", command))
            else:
                found.add(prefix + name)
    assert found == set(COMMANDS)


@every_command
def test_standard_streams_that_are_full_or_closed(made: Path, folder: Path, command: str) -> None:
    usual = run(folder, command)
    assert_explained(usual, 0, 1)
    for fault in (CLOSED, "/dev/full"):
        done = run(again(made, folder), command, stdout=fault)
        if usual.stdout:
            assert_explained(done, 1)
            assert "error: cannot write to standard output: " in done.stderr
        else:
            assert_explained(done, usual.returncode)
        done = run(again(made, folder), command, stderr=fault)
        assert (done.returncode, bool(done.stdout)) == (usual.returncode, bool(usual.stdout)), done
    done = run(again(made, folder), command, stdin=CLOSED)
    assert (done.returncode, bool(done.stdout)) == (usual.returncode, bool(usual.stdout)), done


@every_command
def test_a_working_directory_that_was_removed(folder: Path, command: str) -> None:
    done = sparkify(*command.split(), *COMMANDS[command], cwd=folder, env={**NO_CLOUD, GONE: "1"})
    assert_explained(done, 0, 1, 2)
    assert done.returncode or command == "erd"


def _is_directory(path: Path) -> None:
    path.mkdir()


def _is_pipe(path: Path) -> None:
    os.mkfifo(path)


def _is_link_in_a_circle(path: Path) -> None:
    path.symlink_to(path.name)


def _is_nested(path: Path) -> None:
    path.write_text("a = " + "[" * 100_000)


def _is_not_utf8(path: Path) -> None:
    path.write_bytes(b'logs = "\xff"\n')


BAD_FILES = (_is_directory, _is_pipe, _is_link_in_a_circle, _is_nested, _is_not_utf8)
WITHOUT_SETTINGS = {"init", "generate", "erd"}


@pytest.mark.parametrize("make", BAD_FILES, ids=lambda make: make.__name__.strip("_"))
@pytest.mark.parametrize("option", [(), ("--config", "my.toml")], ids=["sparkify.toml", "--config"])
def test_a_configuration_that_cannot_be_read(
    folder: Path, make: Callable[[Path], None], option: tuple[str, ...]
) -> None:
    name = option[1] if option else "sparkify.toml"
    make(folder / name)
    for command in COMMANDS if not option else [name for name in COMMANDS if name not in {*WITHOUT_SETTINGS, "demo"}]:
        done = sparkify(*command.split(), *COMMANDS[command], *option, cwd=folder, env=NO_CLOUD)
        if command in WITHOUT_SETTINGS:
            assert_explained(done, 0)
        elif command == "doctor":
            assert_explained(done, 1)
            assert f"cannot read {name}: " in done.stdout
        else:
            assert_explained(done, 2)
            assert f"error: cannot read {name}: " in done.stderr


@every_command
def test_arguments_that_are_not_utf_8(folder: Path, command: str) -> None:
    """Paths may be; a query, an id and an address may not."""
    odd = os.fsdecode(b"\xff")
    places = [place for place, argument in enumerate(COMMANDS[command]) if not argument.startswith("--")]
    for place in places:
        arguments = [*COMMANDS[command]]
        arguments[place] = odd
        done = sparkify(*command.split(), *arguments, cwd=folder, env=NO_CLOUD)
        assert_explained(done, 0, 1, 2)
    for option in ("--warehouse", "--config", "--output"):
        done = sparkify(*command.split(), *COMMANDS[command], option, odd, cwd=folder, env=NO_CLOUD)
        assert_explained(done, *((0,) if command == "erd" else ()), 1, 2)


def test_a_query_that_is_not_utf_8(folder: Path) -> None:
    done = sparkify("query", os.fsdecode(b"SELECT '\xff'"), cwd=folder)
    assert (done.returncode, done.stderr) == (
        2, "error: an argument or a setting is not UTF-8\nWrite it in UTF-8.\n"
    )  # fmt: skip


@pytest.mark.parametrize("command", ["create-tables", "cluster create", "cluster destroy"])
def test_a_terminal_that_ends_at_a_prompt(folder: Path, command: str) -> None:
    """Ctrl-D, or a terminal that hangs up, where an answer is waited for."""
    import pty

    arguments = [argument for argument in COMMANDS[command] if argument != "--yes"]
    ours, its = pty.openpty()
    code = "from sparkify.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *command.split(), *arguments],
        cwd=folder, env={**environment(NO_CLOUD)}, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(its)
    os.write(ours, b"\x04")
    out, said = process.communicate(timeout=60)
    os.close(ours)
    assert "Traceback" not in out + said
    assert process.returncode in (1, 2), said
    if command == "create-tables":
        assert "there was no answer" in said
        assert rows(folder / "sparkify.duckdb", "SELECT COUNT(*) FROM staging_events") == [(1,)]


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
sys.argv = ["sparkify", *{arguments!r}]
from sparkify.cli import main
main()
"""


def limited(folder: Path, *arguments: str) -> Done:
    """Run a command where no file may grow beyond 200,000 bytes."""
    return subprocess.run(
        [sys.executable, "-c", FULL.format(arguments=arguments)],
        cwd=folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip


def test_a_spool_that_is_full_while_reading_carefully(folder: Path) -> None:
    before = rows(folder / "sparkify.duckdb", "SELECT COUNT(*) FROM staging_events")
    write_lines(folder / "logs" / "c.json", [event(sessionId=n, extra=[1]) for n in range(3000)] + ["bad"])
    done = limited(folder, "etl", *SOURCES)
    assert_explained(done, 1)
    assert "cannot write to the spool in " in done.stderr
    assert "file too large" in done.stderr
    assert "The warehouse is at its last committed chunk (none of this run)." in done.stderr
    assert rows(folder / "sparkify.duckdb", "SELECT COUNT(*) FROM staging_events") == before


def test_a_disk_that_is_full_where_the_warehouse_is(folder: Path) -> None:
    write_lines(folder / "logs" / "c.json", [event(sessionId=n, userAgent=f"{n:0200}") for n in range(20_000)])
    done = limited(folder, "etl", *SOURCES, "--warehouse", "duckdb:///new.duckdb")
    assert_explained(done, 1)
    assert "Free some disk space" in done.stderr


def test_init_on_a_full_disk_leaves_no_empty_file(folder: Path) -> None:
    script = FULL.replace("200_000", "4").format(arguments=["init"])
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=60)
    assert_explained(done, 1)
    assert "cannot write the settings to sparkify.toml: file too large" in done.stderr
    assert not (folder / "sparkify.toml").exists()
    assert not list(folder.glob(".sparkify-*"))


TWICE = """
import os, signal, sys, threading
from sparkify.etl.run import Run
def work(self, plan):
    try:
        os.kill(os.getpid(), signal.{first})
        while True:
            pass
    finally:
        for number in (signal.{second}, signal.{first}, signal.{second}):
            os.kill(os.getpid(), number)
        sum(range(100_000))
Run._work = work
sys.argv = ["sparkify", "etl", "--logs", "logs", "--songs", "songs"]
from sparkify.cli import main
try:
    main()
finally:
    for number in (signal.{second}, signal.{first}):
        os.kill(os.getpid(), number)
"""


@pytest.mark.parametrize("second", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("first", ["SIGINT", "SIGTERM"])
def test_a_signal_while_the_first_one_is_handled(folder: Path, first: str, second: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWICE.format(first=first, second=second)],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert done.returncode == 128 + signal.Signals[first], done.stderr
    assert done.stderr == ("interrupted: the warehouse is at its last committed chunk\n")
    last = rows(folder / "sparkify.duckdb", "SELECT state FROM etl_runs ORDER BY run_id DESC LIMIT 1")
    assert last == [("interrupted",)]


@pytest.fixture
def working(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A load that takes a while."""
    write_lines(folder / "logs" / "big.json", (event(sessionId=n, userAgent="x" * 200) for n in range(100_000)))
    process = start("etl", *SOURCES, cwd=folder)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(("first", "second"), [(signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)])
def test_of_two_signals_that_wait_for_the_interpreter_the_first_counts(first: int, second: int) -> None:
    code = (
        "from sparkify.cli import signals\nsignals.listen()\nprint(flush=True)\n"
        "try:\n    sum(range(2 * 10**8))\nexcept KeyboardInterrupt:\n    print(signals.exit_code())"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)  # now it is in one long step, during which no handler is called
        for number in (first, second):
            process.send_signal(number)
            time.sleep(0.05)
        assert process.stdout.read() == f"{128 + first}\n"


@pytest.mark.parametrize("seconds", [0.1, 0.5, 0.9])
def test_many_signals_end_with_the_first_ones_code(working: subprocess.Popen[str], seconds: float) -> None:
    time.sleep(seconds)
    for number in (signal.SIGTERM, *[signal.SIGTERM, signal.SIGINT] * 40):
        if working.poll() is not None:
            break
        working.send_signal(number)
        time.sleep(0.005)
    _, said = working.communicate(timeout=60)
    if "interrupted" in said:
        assert (working.returncode, said.count("\n")) == (143, 1), said
    else:  # it came before the command could listen, or after its end
        assert working.returncode in (0, -signal.SIGTERM), said
    assert "Traceback" not in said
