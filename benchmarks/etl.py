"""The etl against a yardstick, as whole processes: first load, nothing new, one more day.

usage: python benchmarks/etl.py DATA YARDSTICK [--rounds N]

DATA holds `log_data` and `song_data`. YARDSTICK is a script that does the same job without guarantees, and is called
as `python YARDSTICK LOG_DATA SONG_DATA OUT.duckdb`. The two take turns; ratios and medians are printed. One more day is
a copy of the middle log file, moved to other sessions and a month later.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MONTH = 31 * 86_400_000
OTHER_SESSIONS = 1_000_000_000


def timed(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak memory (MB) of a process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def etl(data: Path, warehouse: str) -> list[str]:
    """The command that loads the data into the warehouse at a URL."""
    main = "from sparkify.cli import main; main()"
    sources = ["--logs", str(data / "log_data"), "--songs", str(data / "song_data")]
    return [sys.executable, "-c", main, "etl", *sources, "--warehouse", warehouse]


def write_one_more_day(data: Path) -> Path:
    """Write one more day beside the others."""
    days = sorted((data / "log_data").rglob("*.json"))
    day = data / "log_data" / "one-more-day.json"
    with days[len(days) // 2].open() as lines, day.open("w") as out:
        for line in lines:
            event = json.loads(line)
            event["ts"] += MONTH
            event["sessionId"] += OTHER_SESSIONS
            out.write(json.dumps(event, separators=(",", ":")) + "\n")
    return day


def show(name: str, runs: list[tuple[float, float, float]]) -> None:
    """Print the medians."""
    wall, processor, memory = (statistics.median(figures) for figures in zip(*runs, strict=True))
    print(f"{name:<14} {wall:6.2f} s wall  {processor:6.2f} s processor  {memory:6.0f} MB")


def main() -> None:
    """Run the rounds, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("yardstick", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    data = arguments.data.resolve()
    first, yardstick, nothing, more = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        warehouse, out = Path(name) / "w.duckdb", Path(name) / "yardstick.duckdb"
        sources = [str(data / "log_data"), str(data / "song_data")]
        for _ in range(arguments.rounds):
            warehouse.unlink(missing_ok=True)
            first.append(timed(etl(data, f"duckdb:///{warehouse}")))
            yardstick.append(timed([sys.executable, str(arguments.yardstick), *sources, str(out)]))
            nothing.append(timed(etl(data, f"duckdb:///{warehouse}")))
            day = write_one_more_day(data)
            try:
                more.append(timed(etl(data, f"duckdb:///{warehouse}")))
            finally:
                day.unlink()
    show("first load", first)
    show("yardstick", yardstick)
    show("nothing new", nothing)
    show("one more day", more)
    for place, kind in enumerate(("wall", "processor")):
        ratios = [mine[place] / other[place] for mine, other in zip(first, yardstick, strict=True)]
        shares = [day[place] / mine[place] for day, mine in zip(more, first, strict=True)]
        print(
            f"first load / yardstick, {kind}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
        print(f"one more day / first load, {kind}: {statistics.median(shares):.2f}")
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
