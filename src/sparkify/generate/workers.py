"""Processes that share the work.

Each worker is a fresh interpreter that reads calls from its standard input and writes results to its standard
output, both pickled. Unlike multiprocessing this neither forks a process that may have threads nor runs the
caller's script again, and a worker ends by itself when its parent is gone, however that ended.

    python -m sparkify.generate.workers
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Protocol

from sparkify.generate.errors import GenerateError

WORKER_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy starts threads for linear algebra, which nobody here uses
    # glibc gives large arrays back to the system at once, and the next one costs page faults again.
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}


class Crew(Protocol):
    """One or many who do calls on a `Task`."""

    def each(self, method: str, *args: Any) -> None:
        """Call a method on everyone's task."""

    def map(self, method: str, calls: Sequence[tuple[Any, ...]], done: Callable[[Any], None]) -> list[Any]:
        """Call a method once for each tuple of arguments; results come in that order, `done` as they are ready."""


class Alone:
    """A crew of one: this process."""

    def __init__(self) -> None:
        """Take an empty task."""
        from sparkify.generate.task import Task

        self._task = Task()

    def __enter__(self) -> Alone:
        """Start."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to end."""

    def each(self, method: str, *args: Any) -> None:
        """Call a method."""
        getattr(self._task, method)(*args)

    def map(self, method: str, calls: Sequence[tuple[Any, ...]], done: Callable[[Any], None]) -> list[Any]:
        """Call a method for each tuple of arguments."""
        results = []
        for args in calls:
            results.append(getattr(self._task, method)(*args))
            done(results[-1])
        return results


class Workers:
    """A crew of processes."""

    def __init__(self, count: int) -> None:
        """Start `count` processes."""
        # The worker must find the packages that this process found, wherever they came from.
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **WORKER_ENVIRONMENT}
        command = [sys.executable, "-m", "sparkify.generate.workers"]
        self._processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) for _ in range(count)
        ]

    def __enter__(self) -> Workers:
        """Start."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """End the processes: by closing their pipes, or at once after an error."""
        for process in self._processes:
            if kind is not None:
                process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        for process in self._processes:
            process.wait()

    def each(self, method: str, *args: Any) -> None:
        """Call a method on every worker's task."""
        for process in self._processes:
            _send(process, (method, args))
        for process in self._processes:
            _receive(process)

    def map(self, method: str, calls: Sequence[tuple[Any, ...]], done: Callable[[Any], None]) -> list[Any]:
        """Call a method once for each tuple of arguments, each on the first worker that is free."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        ready: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        for n in range(len(calls)):
            waiting.put(n)

        def serve(process: subprocess.Popen[bytes]) -> None:
            n = -1
            try:
                while True:
                    n = waiting.get_nowait()
                    _send(process, (method, calls[n]))
                    ready.put((n, _receive(process)))
            except queue.Empty:
                return
            except BaseException as e:  # handed to the caller's thread
                ready.put((-1, e))

        for process in self._processes:
            threading.Thread(target=serve, args=(process,), daemon=True).start()
        results: list[Any] = [None] * len(calls)
        for _ in calls:
            n, result = ready.get()
            if n < 0:
                raise result
            results[n] = result
            done(result)
        return results


def _send(process: subprocess.Popen[bytes], call: object) -> None:
    assert process.stdin is not None
    try:
        pickle.dump(call, process.stdin)
        process.stdin.flush()
    except OSError as e:
        raise GenerateError("A worker process ended unexpectedly; was it killed, or is memory short?") from e


def _receive(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None
    try:
        ok, result = pickle.load(process.stdout)
    except (EOFError, pickle.UnpicklingError, OSError) as e:
        raise GenerateError("A worker process ended unexpectedly; was it killed, or is memory short?") from e
    if not ok:
        raise result
    return result


def _serve(calls: IO[bytes], results: IO[bytes]) -> None:
    from sparkify.generate.task import Task

    task = Task()
    while True:
        try:
            method, args = pickle.load(calls)
        except EOFError:
            return
        try:
            answer: tuple[bool, Any] = (True, getattr(task, method)(*args))
        except Exception as e:
            answer = (False, e)
        pickle.dump(answer, results)
        results.flush()


def main() -> None:
    """Serve until the parent closes the pipe; an interrupt from the keyboard is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not break the protocol
    with suppress(BrokenPipeError):
        _serve(sys.stdin.buffer, results)


if __name__ == "__main__":
    main()
