"""Real S3 servers on loopback: moto, and rclone, which checks signatures; and a proxy that can be unkind.

Fixtures: `s3` is moto in this process, with the bucket `lake`; `rclone_s3` serves a folder as a bucket of that name.
Both point the environment at themselves. `S3Server.proxied` puts a proxy before either.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

BUCKET = "lake"
KEY, SECRET = "AKIASPARKIFYTEST", "not-a-real-secret/1+2"
_VARIABLES = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3")


class S3Server(NamedTuple):
    """A server: where it is, and a boto3 client for it."""

    url: str
    client: Any

    def put(self, key: str, body: bytes | str) -> str:
        """Write an object; its ETag comes back."""
        data = body.encode() if isinstance(body, str) else body
        return str(self.client.put_object(Bucket=BUCKET, Key=key, Body=data)["ETag"]).strip('"')

    def upload(self, folder: Path, prefix: str) -> None:
        """Write all files of a folder."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder)}", path.read_bytes())


def client_of(url: str) -> Any:
    """A boto3 client for a server."""
    import boto3
    import botocore.config

    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=botocore.config.Config(s3={"addressing_style": "path"}),
    )


def point_environment_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `url` the server of this process and its children."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """The URL of a moto server that runs as long as the tests do."""
    port = free_port()
    with _process([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def s3(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """moto with an empty bucket `lake`; the environment points at it."""
    point_environment_at(moto_url, monkeypatch)
    client = client_of(moto_url)
    _reset(moto_url)
    client.create_bucket(Bucket=BUCKET)
    return S3Server(moto_url, client)


@pytest.fixture
def rclone_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """rclone, which checks signatures, with the folder `tmp_path/served/lake` as its bucket `lake`."""
    (tmp_path / "served" / BUCKET).mkdir(parents=True)
    port = free_port()
    with rclone(tmp_path / "served", port):
        url = f"http://127.0.0.1:{port}"
        point_environment_at(url, monkeypatch)
        yield S3Server(url, client_of(url))


@contextmanager
def rclone(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """rclone serving the folders below `folder` as buckets."""
    program = str(Path(sys.executable).parent / "rclone")
    options = [
        "--auth-key",
        f"{KEY},{SECRET}",
        "--config",
        os.devnull,
        "--vfs-cache-mode",
        "off",
        "--dir-cache-time",
        "0s",
    ]
    with _process([program, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", *options], port) as process:
        yield process


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server does not listen")


def _reset(url: str) -> None:
    import urllib.request

    request = urllib.request.Request(f"{url}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=30).close()


class Proxy:
    """A proxy of TCP before a server: late, busy, or cutting connections, as asked.

    `delay` is in seconds, before each request. `busy` is the share of requests answered with `status` and `body`, and
    `cut` the share of answers broken off half way. The server must get whole requests at once, as with GET and HEAD.
    """

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._server = (host, int(port))
        self.delay = 0.0
        self.busy = 0.0
        self.status = "503 Slow Down"
        self.body = ""
        self.cut = 0.0
        self.requests = 0
        self.refused = 0
        self.broken = 0
        self._random = random.Random(1)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, socket.create_connection(self._server) as server:
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()
                while request := client.recv(65536):
                    self.requests += 1
                    time.sleep(self.delay)
                    if self._random.random() < self.busy:
                        self.refused += 1
                        head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\n\r\n"
                        client.sendall((head + self.body).encode())
                    else:
                        server.sendall(request)
                server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        try:
            while answer := server.recv(65536):
                if self._random.random() < self.cut:
                    self.broken += 1
                    client.sendall(answer[: len(answer) // 2])
                    break
                client.sendall(answer)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


@pytest.fixture
def proxy(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy before moto; the environment points at the proxy."""
    found = Proxy(s3.url)
    point_environment_at(found.url, monkeypatch)
    yield found
    found.close()
