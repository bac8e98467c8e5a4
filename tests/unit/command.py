"""Run the command line as its users do: in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import forked

COMMAND = (sys.executable, "-c", "from sparkify.cli import main; main()")

Done = subprocess.CompletedProcess[str]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without settings of Sparkify."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARKIFY_")}
    return {**kept, "PYTHONUTF8": "1", **(extra or {})}


def settings() -> dict[str, str]:
    """This process's settings of Sparkify, for a command that is to have them too."""
    return {name: value for name, value in os.environ.items() if name.startswith("SPARKIFY_")}


def sparkify(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    seconds: float = 120,
    streams_at: Mapping[str, str] | None = None,
) -> Done:
    """Run a command in a folder; its end comes back.

    `streams_at` puts other streams in the place of the standard ones. The process is forked (`tests/forked.py` says
    why) unless the environment is one that the interpreter reads.
    """
    if not any(name.startswith("PYTHON") for name in env or ()):
        return forked.run(arguments, cwd, environment(env), seconds, streams_at)
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
    )


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Begin a command in a process from nothing; SIGINT reaches it even if this process ignores it."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def assert_error(done: Done, code: int, *parts: str) -> None:
    """One short paragraph on stderr that says so, nothing on stdout, no traceback."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("\n")
    lines = done.stderr.rstrip("\n").split("\n")
    assert all(lines), "a blank line: more than one paragraph"
    assert len(lines) <= 6, done.stderr
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr, done.stderr
