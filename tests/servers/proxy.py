"""A proxy between a client and a server: it cuts the connection, or holds it up, after so many bytes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

BLOCK_BYTES = 4096


class Proxy:
    """Listens on loopback and passes everything on to a Unix socket.

    `passed` counts the bytes of both directions. When there are `cut_after` the connection is cut. What the client
    sends after `hold_after` bytes of its own waits until `release`, and `held` is set.
    """

    def __init__(self, target: Path, *, cut_after: int | None = None, hold_after: int | None = None) -> None:
        self._target = str(target)
        self._cut_after = cut_after
        self._hold_after = hold_after
        self._lock = threading.Lock()
        self._sent = 0
        self.passed = 0
        self.held = threading.Event()
        self._released = threading.Event()
        self._ends = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Proxy:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._released.set()
        _shut(self._listener, *self._sockets)
        for thread in self._threads:
            thread.join()

    def release(self) -> None:
        """Let pass what was held up."""
        self._released.set()

    def _accept(self) -> None:
        while not self._ends.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            self._sockets += [client, server]
            try:
                server.connect(self._target)
            except OSError:
                _shut(client, server)
                continue
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pass_on, args=(source, target, source is client), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with suppress(OSError):
            while block := source.recv(BLOCK_BYTES):
                if from_client:
                    self._hold_up(len(block))
                allowed = self._count(len(block))
                target.sendall(block[:allowed])
                if allowed < len(block):
                    break
        _shut(source, target)

    def _hold_up(self, size: int) -> None:
        self._sent += size
        if self._hold_after is not None and self._sent > self._hold_after and not self.held.is_set():
            self.held.set()
            self._released.wait()

    def _count(self, size: int) -> int:
        """How many bytes of a block may still pass."""
        with self._lock:
            before = self.passed
            self.passed += size
        return size if self._cut_after is None else max(0, min(size, self._cut_after - before))


def _shut(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
