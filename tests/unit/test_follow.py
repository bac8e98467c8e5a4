"""`sparkify etl --follow`: signals, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.schemas import faults
from tests.support import event, rows, write_lines
from tests.unit.command import assert_error, start
from tests.unit.command import sparkify as command

from sparkify.etl.session import Tally
from sparkify.text import seconds_of

SECONDS = 60


def _begin(folder: Path, *more: str) -> subprocess.Popen[str]:
    return start(
        "etl", "--follow", "--every", "100ms", "--warehouse", "duckdb:///w.duckdb", "--logs", "logs", *more, cwd=folder
    )


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def _plays(path: Path) -> int:
    """The plays in a warehouse, 0 for as long as it cannot be read."""
    try:
        return int(rows(path, "SELECT COUNT(*) FROM songplays")[0][0])
    except Exception:
        return 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_it_well_and_readers_get_in_before(tmp_path: Path, number: signal.Signals) -> None:
    write_lines(tmp_path / "logs/0.json", [event()])
    with _begin(tmp_path, "--output", "json") as process:
        _until(lambda: _plays(tmp_path / "w.duckdb") == 1)
        write_lines(tmp_path / "logs/1.json", [event(itemInSession=1), "poison", event(itemInSession=2)])
        _until(lambda: _plays(tmp_path / "w.duckdb") == 3)
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert faults(found, "follow") == []
    assert (found["commits"], found["events"], found["rejected"]) == (2, 3, 1)
    said = [line.split(" ", 1)[1] for line in err.splitlines()]
    assert [line for line in said if line.startswith("committed")] == [
        "committed 1 event, 0 songs",
        "committed 2 events, 0 songs, rejected 1",
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_two_signals_end_it_at_once(tmp_path: Path, number: signal.Signals, code: int) -> None:
    lines = [json.dumps(event(itemInSession=number)) for number in range(20_000)]
    for name in range(10):
        write_lines(tmp_path / f"logs/{name}.json", lines)
    (tmp_path / "sparkify.toml").write_text('spool = "spool"')
    with _begin(tmp_path) as process:
        _until(lambda: any((tmp_path / "spool").glob("*/whole*")))  # a chunk has begun
        process.send_signal(number)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == code, err
    assert "interrupted" in err
    assert _plays(tmp_path / "w.duckdb") == 0


def test_a_reader_that_holds_the_file_is_waited_for(tmp_path: Path) -> None:
    import duckdb

    write_lines(tmp_path / "logs/0.json", [event()])
    with _begin(tmp_path) as process:
        _until(lambda: _plays(tmp_path / "w.duckdb") == 1)
        with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True):
            write_lines(tmp_path / "logs/1.json", [event(itemInSession=1)])
            time.sleep(1.0)
        _until(lambda: _plays(tmp_path / "w.duckdb") == 2)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert f"is in use by process {os.getpid()}" in err
    assert "trying again in 1 s" in err


def test_what_does_not_pass_ends_it_with_its_code(tmp_path: Path) -> None:
    arguments = ("etl", "--follow", "--warehouse", "duckdb:///w.duckdb")
    assert_error(command(*arguments, "--logs", "logs", cwd=tmp_path), 1, "no such folder: logs")
    assert not (tmp_path / "w.duckdb").exists()
    assert_error(
        command(*arguments, "--logs", "logs", "--every", "soon", cwd=tmp_path), 2, "--every must be a duration"
    )
    assert_error(command("etl", "--logs", "logs", "--every", "1s", cwd=tmp_path), 2, "for --follow")
    write_lines(tmp_path / "logs/0.json", [event(), *(["poison"] * 20)])
    done = command(*arguments, "--logs", "logs", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "20 of 21 records were rejected" in done.stderr


def test_on_a_terminal_one_line_is_written_again_and_again(tmp_path: Path) -> None:
    import pty

    write_lines(tmp_path / "logs/0.json", [event(), event(itemInSession=1)])
    ours, its = pty.openpty()
    arguments = ["etl", "--follow", "--every", "100ms", "--warehouse", "duckdb:///w.duckdb", "--logs", "logs"]
    from tests.unit.command import COMMAND, environment

    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=tmp_path, env=environment(), stderr=its, stdin=subprocess.DEVNULL
    )
    os.close(its)
    seen = b""
    end = time.monotonic() + SECONDS
    while b"2 events" not in seen and time.monotonic() < end:
        seen += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    try:
        while part := os.read(ours, 4096):
            seen += part
    except OSError:  # the other end is closed
        pass
    assert process.wait(SECONDS) == 0
    os.close(ours)
    assert b"\r\x1b[2K" in seen
    assert b"events/s | 0 behind | last commit " in seen
    assert " ".join(seen.decode().split()).endswith("the warehouse is at its last commit")


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("500ms", 0.5), ("5m", 300), ("1h", 3600), ("2", 2), ("1.5 s", 1.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "soon", "-1s", "1d", "1 2s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds_of(text)


def test_the_latest_records_are_counted_by_chunks() -> None:
    tally = Tally(100)
    for rejected in (5, 1, 1):
        tally.add(rejected, 50)
    assert tally.with_chunk(0, 10) == (2, 110)
    assert tally.with_chunk(3, 200) == (3, 200)
    every = Tally()
    every.add(5, 1_000_000)
    assert every.with_chunk(1, 1) == (6, 1_000_001)
