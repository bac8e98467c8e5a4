"""`sparkify generate` on a terminal, and interrupted."""

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.unit.command import COMMAND, environment, start


def test_a_bar_on_a_terminal(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    command = [*COMMAND, "generate", "out", "--users", "50", "--songs", "30"]
    env = environment({"TERM": "xterm", "COLUMNS": "100"})
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=follower) as process:
        os.close(follower)
        shown = b""
        try:
            while data := os.read(leader, 4096):
                shown += data
        except OSError:  # how Linux says that the terminal's other side is closed
            pass
        finally:
            os.close(leader)
        assert process.stdout is not None
        summary = process.stdout.read().decode()
    assert process.returncode == 0
    for stage in (b"Writing songs", b"Simulating users", b"Writing days", b"30 of 30"):
        assert stage in shown
    assert "\x1b" not in summary
    assert summary.startswith("period ")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing(number: signal.Signals, workers: str, tmp_path: Path) -> None:
    """While it simulates, in its own process or in others."""
    command = ("generate", "out", "--users", "20000", "--songs", "30", "--workers", workers)
    with start(*command, cwd=tmp_path) as process:
        until = time.monotonic() + 60
        while not list((tmp_path / "out").glob(".sparkify-partial/spool/*")) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    assert said == "interrupted: nothing of this run is left\n"
    assert list(tmp_path.iterdir()) == []
