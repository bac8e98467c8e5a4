"""The simulator against DuckDB's own JSON writer: whole processes, alternating rounds, the same rows.

    python benchmarks/generate.py [--users 44000] [--rounds 3] [--folder DIR] [--config FILE]

DuckDB reads the simulated logs into a table once (not timed); each of its rounds then writes that table with
COPY ... TO ... (FORMAT json). So DuckDB is timed for starting, scanning and writing; the simulator for
everything: starting, simulating, sorting and writing. A third process writes as many bytes and does nothing else:
what the disk allows in the same minute.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

SIMULATE = """
import sys
from sparkify.generate import GenerateOptions, generate
generate(sys.argv[1], GenerateOptions(users=int(sys.argv[2]), config=sys.argv[3] or None))
"""
LOAD = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
con.execute("SET enable_progress_bar = false")
con.execute("CREATE TABLE events AS SELECT * FROM read_json(?, format = 'newline_delimited')", [sys.argv[2]])
print(con.execute("SELECT count(*) FROM events").fetchone()[0])
"""
COPY = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("SET enable_progress_bar = false")
con.execute(f"COPY events TO '{sys.argv[2]}' (FORMAT json)")
"""
WRITE = """
import sys
block, left = bytes(4 << 20), int(sys.argv[2])
with open(sys.argv[1], "xb") as file:
    while left > 0:
        left -= file.write(block[:left])
"""


class Cost(NamedTuple):
    """Seconds by the clock, and processor seconds of the process and its workers."""

    wall: float
    cpu: float


def timed(script: str, *args: object) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", script, *map(str, args)], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=44_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write; the disk that is measured")
    parser.add_argument("--config", default="", help="a configuration in eventsim's format")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        measure(folder, options.users, options.rounds, options.config)
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, users: int, rounds: int, config: str) -> None:
    database, out, copy = folder / "events.duckdb", folder / "out", folder / "copy.json"
    timed(SIMULATE, out, users, config)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    logs = f"{out}/log_data/*/*/*.json"
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, str(database), logs], check=True, capture_output=True, text=True
    )
    events = int(loaded.stdout)
    print(f"{events:,} events, {users:,} users")
    ours: list[Cost] = []
    theirs: list[Cost] = []
    bare: list[Cost] = []
    size = sum(file.stat().st_size for file in out.rglob("*.json"))
    for n in range(rounds):
        shutil.rmtree(out)
        ours.append(timed(SIMULATE, out, users, config))
        copy.unlink(missing_ok=True)
        theirs.append(timed(COPY, database, copy))
        copy.unlink()
        bare.append(timed(WRITE, copy, size))
        print(
            f"round {n + 1}: generate {ours[-1].wall:.2f} s (CPU {ours[-1].cpu:.2f} s), "
            f"DuckDB COPY {theirs[-1].wall:.2f} s (CPU {theirs[-1].cpu:.2f} s), "
            f"bare write {bare[-1].wall:.2f} s (CPU {bare[-1].cpu:.2f} s)",
            flush=True,
        )
    for name, costs in (("generate", ours), ("DuckDB COPY", theirs), ("bare write", bare)):
        wall, cpu = (statistics.median(column) for column in zip(*costs, strict=True))
        print(f"{name}: median {events / wall / 1e6:.2f} million events/s, {cpu / events * 1e6:.2f} CPU s a million")
    ratio = statistics.median(a.wall / b.wall for a, b in zip(ours, theirs, strict=True))
    print(f"ratio of times: median {ratio:.2f}; largest process of the simulator {peak / 1024:.0f} MB")


if __name__ == "__main__":
    main()
