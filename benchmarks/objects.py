"""Many small objects, behind a proxy that adds time to each request: the etl, a bare obstore loop, a boto3 loop.

usage: python benchmarks/objects.py SONG_DATA [--rounds N] [--delay-ms 20] [--boto3-objects 500]

SONG_DATA is a folder of song files; rclone serves it as a bucket. The etl is timed as a whole process, from start to
commit, and so is the bare loop, which lists the objects, gets all of them with as many requests at once, and throws
them away. A loop of boto3's get_object is timed on the first objects and extrapolated. Peak memory is that of the
process.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.etl import show, timed
from tests.servers.s3 import KEY, SECRET, client_of, free_port, rclone

BARE = """
import threading
from obstore.store import S3Store
import obstore
store = S3Store("lake", client_options={"allow_http": True})
found = iter([meta["path"] for page in obstore.list(store, "song_data", chunk_size=1000) for meta in page])
lock = threading.Lock()
def work():
    while True:
        with lock:
            key = next(found, None)
        if key is None:
            return
        obstore.get(store, key).bytes()
threads = [threading.Thread(target=work) for _ in range(64)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


class _Ahead(asyncio.Protocol):
    """The side of the proxy that faces the server: what comes is handed back at once."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._client.close()


class _Late(asyncio.Protocol):
    """The side that faces a client, and holds back what it sends: with GET, each piece is one request."""

    def __init__(self, server_port: int, seconds: float) -> None:
        self._port = server_port
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Task[asyncio.WriteTransport] | None = None

    def connection_made(self, client: asyncio.BaseTransport) -> None:
        assert isinstance(client, asyncio.Transport)
        self._server = self._loop.create_task(self._connect(client))

    async def _connect(self, client: asyncio.Transport) -> asyncio.WriteTransport:
        server, _ = await self._loop.create_connection(lambda: _Ahead(client), "127.0.0.1", self._port)
        return server

    def data_received(self, data: bytes) -> None:
        self._loop.call_later(self._seconds, self._send, data)

    def _send(self, data: bytes) -> None:
        if self._server and self._server.done():
            self._server.result().write(data)
        else:
            self._loop.call_later(0.001, self._send, data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._server and self._server.done():
            self._server.result().close()


def run_proxy(port: int, server_port: int, seconds: float) -> None:
    """Serve until the process is ended."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        proxy = await loop.create_server(lambda: _Late(server_port, seconds), "127.0.0.1", port, backlog=512)
        await proxy.serve_forever()

    asyncio.run(serve())


def etl(warehouse: Path) -> list[str]:
    """The command that loads the objects."""
    main = "from sparkify.cli import main; main()"
    return [
        sys.executable,
        "-c",
        main,
        "etl",
        "--songs",
        "s3://lake/song_data",
        "--warehouse",
        f"duckdb:///{warehouse}",
    ]


def boto3_seconds(url: str, keys: list[str], count: int) -> float:
    """Seconds that a loop over all keys would take, by the first `count` of them."""
    client = client_of(url)
    client.get_object(Bucket="lake", Key=keys[0])["Body"].read()
    start = time.perf_counter()
    for key in keys[:count]:
        client.get_object(Bucket="lake", Key=key)["Body"].read()
    return (time.perf_counter() - start) / count * len(keys)


def main() -> None:
    """Run the rounds, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("song_data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=20.0)
    parser.add_argument("--boto3-objects", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(options.song_data, folder / "served" / "lake" / "song_data")
        server_port, port = free_port(), free_port()
        proxy = multiprocessing.Process(
            target=run_proxy, args=(port, server_port, options.delay_ms / 1000), daemon=True
        )
        with rclone(folder / "served", server_port):
            proxy.start()
            time.sleep(1)
            try:
                measure(folder, f"http://127.0.0.1:{port}", options.rounds, options.boto3_objects)
            finally:
                proxy.terminate()
                proxy.join()


def measure(folder: Path, url: str, rounds: int, boto3_objects: int) -> None:
    os.environ |= {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    lake = folder / "served" / "lake"
    keys = [str(path.relative_to(lake)) for path in lake.rglob("*.json")]
    ours, bare = [], []
    warehouse = folder / "w.duckdb"
    for _ in range(rounds):
        warehouse.unlink(missing_ok=True)
        ours.append(timed(etl(warehouse)))
        bare.append(timed([sys.executable, "-c", BARE]))
        print(f"etl {ours[-1][0]:.1f} s, bare {bare[-1][0]:.1f} s", flush=True)
    loop = boto3_seconds(url, keys, boto3_objects)
    counted = subprocess.run(
        [*etl(warehouse)[:3], "query", "SELECT COUNT(*) AS songs FROM songs", "--warehouse", f"duckdb:///{warehouse}"],
        capture_output=True,
        text=True,
        check=True,
    )
    print(f"{len(keys):,} objects; {counted.stdout.split()[-1]} songs loaded")
    show("etl", ours)
    show("bare obstore", bare)
    mine = statistics.median(run[0] for run in ours)
    ratios = [a[0] / b[0] for a, b in zip(ours, bare, strict=True)]
    print(f"boto3 loop     {loop:6.1f} s, extrapolated from {boto3_objects} objects: {loop / mine:.1f} times the etl")
    print(f"etl : bare     {statistics.median(ratios):.2f} (median of {', '.join(f'{ratio:.2f}' for ratio in ratios)})")


if __name__ == "__main__":
    main()
