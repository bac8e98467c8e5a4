"""Run Sparkify in a process of its own, forked from one in which its modules are imported and its SQL is rendered.

A short command spends most of its time on these two; `tests/warm.py` does them once. Where a test is about how a
process begins or ends (signals, a pipe that breaks), it starts one from nothing: `start` in `unit/command.py`.
"""

from __future__ import annotations

import ctypes
import itertools
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

IMPORTED = [__name__, "tests.warm"]
"""This module too, for it is where a forked process begins."""
AT_THE_START = {"PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}
"""What an interpreter, and a library, read once: the second keeps numpy from threads, for they are not forked."""

STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))


@cache
def server() -> ForkServerContext:
    """The process to fork from; it ends with this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in AT_THE_START.items():
            patch.setenv(name, value)
        forkserver.ensure_running()
    return context


GONE = "TEST_REMOVES_THE_WORKING_DIRECTORY"
"""In the environment of a command: its working directory is removed before it begins."""
LIKE_ANYONE = "TEST_RUNS_WITHOUT_RIGHTS_OF_ROOT"
"""In the environment of a command: it may read and write what the modes of files say, even if it is run by root."""
CLOSED = "closed"
"""In `streams`: the stream is closed when the process begins."""


def run(
    arguments: tuple[str, ...],
    cwd: Path,
    env: Mapping[str, str],
    seconds: float,
    streams_at: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with nothing to read and UTF-8 to write; its end comes back.

    `streams_at` may put a path such as /dev/full, or CLOSED, in the place of `stdin`, `stdout` or `stderr`.
    """
    with tempfile.TemporaryDirectory(prefix="sparkify-command-") as name:
        given = streams_at or {}
        streams = [Path(name) / stream for stream, _ in STREAMS]
        for path in streams:
            path.touch()
        used = [given.get(path.name, str(path)) for path in streams]
        process = server().Process(target=_run, args=(arguments, cwd, dict(env), used))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, seconds)
        out, err = (path.read_bytes().decode() for path in streams[1:])
        code = process.exitcode
        process.close()
        return subprocess.CompletedProcess(arguments, code, out, err)


def begin_etl(url: str, killed_at: int = 0, **settings: Any) -> BaseProcess:
    """Begin a load with some settings; the process is connected to the warehouse when this returns.

    Imports are done by then: a kill after some time meets it at work. `killed_at` is the number of the report
    of progress at which it kills itself.
    """
    context = server()
    ours, its = context.Pipe(duplex=False)
    process = context.Process(target=_etl, args=(its, dict(os.environ), url, settings, killed_at))
    process.start()
    its.close()
    with ours:
        assert ours.recv() == "begun"
    return process


def _etl(begun: Connection, env: dict[str, str], url: str, settings: dict[str, Any], killed_at: int) -> None:
    """What the forked process does."""
    reports = itertools.count(1)

    def report(_progress: object) -> None:
        if next(reports) == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    os.environ.clear()
    os.environ.update(env)
    import sparkify

    with sparkify.connect(url) as warehouse:
        begun.send("begun")
        warehouse.etl(**settings, report=report)


def _run(arguments: tuple[str, ...], cwd: Path, env: dict[str, str], streams: list[str]) -> None:
    """What the forked process does."""
    os.chdir(cwd)
    for number, path in enumerate(streams):
        if path == CLOSED:
            os.close(number)
        else:
            _open_as(number, path)
    stdin, stdout, stderr = (path != CLOSED for path in streams)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False) if stdin else None
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False) if stdout else None
    sys.stderr = (
        os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False) if stderr else None
    )
    if env.pop(GONE, ""):
        shutil.rmtree(cwd)
    if env.pop(LIKE_ANYONE, "") and os.geteuid() == 0:
        _drop_rights_of_root()
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["sparkify", *arguments]
    from sparkify.cli import main, output

    output._Said.has_document = False  # commands that ran before the fork have printed theirs
    main()


def _drop_rights_of_root() -> None:
    """Give up all capabilities: its owner, root too, has the rights of its mode then."""
    version_3, this_process = 0x20080522, 0
    none_of_64 = (ctypes.c_uint32 * 6)()
    header = (ctypes.c_uint32 * 2)(version_3, this_process)
    assert ctypes.CDLL(None, use_errno=True).capset(header, none_of_64) == 0, os.strerror(ctypes.get_errno())


def _open_as(number: int, path: str) -> None:
    opened = os.open(path, STREAMS[number][1])
    os.dup2(opened, number)
    os.close(opened)
