"""The budgets of the project as one command: what was allowed, what was measured, and whether it is met.

usage: python -m benchmarks.budgets [--only GROUP ...] [--rounds N] [--data FOLDER] [--bench FOLDER] [--markdown FILE]

Processes are measured as a whole and take turns with what they are compared with; ratios are of processor seconds, and
the median of the rounds counts. FOLDER keeps the data sets, which are made when they are first needed: S (50 copies of
the real month), M (500), L (`sparkify generate --users 60000`). `--bench` is the folder with `make_data.py` and the
yardstick `limit.py`; it and the real month lie in `../shared` by default.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.etl import etl, timed, write_one_more_day
from benchmarks.growth import few, load

MAIN = "from sparkify.cli import main; main()"
COPIES = {"S": "50", "M": "500"}
SONGS = "14896"
GENERATE_L = ("--users", "60000", "--from", "2018-11-01", "--to", "2018-12-01", "--seed", "3")


class Result(NamedTuple):
    """One budget: what is measured, the most that it may be (or the least), and what was measured; `note` explains."""

    what: str
    budget: float
    measured: float
    unit: str = ""
    is_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the budget is kept."""
        return self.measured >= self.budget if self.is_least else self.measured <= self.budget

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        sign = "≥" if self.is_least else "≤"
        shown = [f"{value:,.2f}{self.unit}" if value < 1000 else f"{value:,.0f}{self.unit}" for value in self[1:3]]
        return (self.what, f"{sign} {shown[0]}", shown[1], "yes" if self.is_met else "NO", self.note)


@dataclass(frozen=True)
class Bench:
    """Where the data sets and the yardstick are, and how often each process is run."""

    folder: Path
    bench: Path
    rounds: int

    def data(self, name: str) -> Path:
        """The folder of a data set, which is made if it is not there."""
        place = self.folder / name
        if not place.is_dir():
            print(f"making data set {name} in {place}", flush=True)
            unfinished = self.folder / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            subprocess.run(self._maker(name, unfinished), check=True, stdout=subprocess.DEVNULL)
            unfinished.rename(place)
        return place

    def _maker(self, name: str, place: Path) -> list[str]:
        if name == "L":
            return [sys.executable, "-c", MAIN, "generate", str(place), *GENERATE_L]
        month = self.bench.parent / "data" / "udacity" / "log_data"
        script = [sys.executable, str(self.bench / "make_data.py"), str(month), str(place)]
        return [*script, "--times", COPIES[name], "--songs", SONGS]

    def limit(self, data: Path, out: Path) -> list[str]:
        """The command of the yardstick."""
        return [sys.executable, str(self.bench / "limit.py"), str(data / "log_data"), str(data / "song_data"), str(out)]


def _new(path: Path) -> str:
    """The URL of a warehouse that is not there."""
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    return f"duckdb:///{path}"


def _seconds(values: list[float]) -> str:
    return f"{statistics.median(values):.1f}"


def of_first_load(bench: Bench, folder: Path, name: str, budget: float) -> Iterator[Result]:
    """The first load of a data set beside the yardstick, and its memory."""
    data, warehouse = bench.data(name), folder / "w.duckdb"
    pairs = [
        (timed(etl(data, _new(warehouse))), timed(bench.limit(data, folder / "limit.duckdb")))
        for _ in range(bench.rounds)
    ]
    ratio = statistics.median(mine[1] / other[1] for mine, other in pairs)
    note = f"{_seconds([mine[1] for mine, _ in pairs])} against {_seconds([other[1] for _, other in pairs])} s"
    yield Result(f"etl, first load, DuckDB, {name} / limit.py", budget, ratio, "", note=note)
    yield Result(f"peak memory, {name}", 1.5, max(mine[2] for mine, _ in pairs) / 1024, " GB")


def of_chunks(bench: Bench, folder: Path) -> Iterator[Result]:
    """M in 18 chunks beside M in one."""
    data, warehouse = bench.data("M"), folder / "w.duckdb"
    ratios = []
    for _ in range(bench.rounds):
        os.environ["SPARKIFY_CHUNK_BYTES"] = "100MB"
        try:
            many = timed(etl(data, _new(warehouse)))
        finally:
            del os.environ["SPARKIFY_CHUNK_BYTES"]
        ratios.append(many[1] / timed(etl(data, _new(warehouse)))[1])
    yield Result("M in 18 chunks / in one chunk", 1.5, statistics.median(ratios))


def of_one_more_day(bench: Bench, folder: Path) -> Iterator[Result]:
    """One more day on top of M, and a run with nothing new."""
    data, warehouse = bench.data("M"), folder / "w.duckdb"
    shares, nothing = [], []
    for _ in range(bench.rounds):
        first = timed(etl(data, _new(warehouse)))
        nothing.append(timed(etl(data, f"duckdb:///{warehouse}"))[0])
        day = write_one_more_day(data)
        try:
            shares.append(timed(etl(data, f"duckdb:///{warehouse}"))[1] / first[1])
        finally:
            day.unlink()
    yield Result("one more day on top of M / first load", 12, statistics.median(shares) * 100, " %")
    yield Result("etl again, nothing new, M", 1.0, statistics.median(nothing), " s", note="wall")


def of_ten_events(bench: Bench, folder: Path) -> Iterator[Result]:
    """Ten events on top of M and of L, by runs of this process; the median of five."""
    for name in ("M", "L"):
        data, warehouse = bench.data(name), folder / "w.duckdb"
        url = _new(warehouse)
        timed(etl(data, url))
        (folder / "more").mkdir(exist_ok=True)
        newest = sorted((data / "log_data").rglob("*.json"))[-1]
        line = newest.read_bytes().splitlines()[0]
        runs = []
        for number in range(6):
            (folder / "more" / f"{name}{number}.json").write_bytes(few(number, line))
            runs.append(load(url, folder / "more", data / "song_data", 0))
        seconds = statistics.median(run.wall for run in runs[1:])
        yield Result(f"ten events on top of {name}", 0.3, seconds, " s", note="wall, by the API")
        shutil.rmtree(folder / "more")


def of_postgres(bench: Bench, _folder: Path) -> Iterator[Result]:
    """The first load of S into PostgreSQL beside COPY and hand-written SQL."""
    command = [sys.executable, "-m", "benchmarks.postgres", str(bench.data("S")), "--rounds", str(bench.rounds)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (ratio,) = re.findall(r"first load / yardstick: ([\d.]+)", told)
    yield Result("etl, first load, PostgreSQL, S / COPY and SQL", 1.4, float(ratio), note="wall")


def of_start(bench: Bench, _folder: Path) -> Iterator[Result]:
    """How long it takes to say a version, and what there is to be said."""
    for option, budget in (("--version", 0.2), ("--help", 0.3)):
        runs = [timed([sys.executable, "-c", MAIN, option])[0] for _ in range(2 * bench.rounds + 1)]
        yield Result(f"sparkify {option}", budget, statistics.median(runs), " s", note="wall")


def of_generate(bench: Bench, folder: Path) -> Iterator[Result]:
    """Events per second onto the disk."""
    rates = []
    for _ in range(bench.rounds):
        out = folder / "out"
        wall, *_ = timed([sys.executable, "-c", MAIN, "generate", str(out), "--users", "20000", "--seed", "1"])
        events = sum(path.read_bytes().count(b"\n") for path in (out / "log_data").rglob("*.json"))
        rates.append(events / wall)
        shutil.rmtree(out)
    yield Result("generate, JSON on disk", 1_000_000, statistics.median(rates), " events/s", is_least=True)


def of_growth(bench: Bench, _folder: Path) -> Iterator[Result]:
    """Two hundred chunks of 200,000 events, one after another: the last against the tenth, and the memory."""
    logs, songs = bench.data("L") / "log_data", bench.data("L") / "song_data"
    with tempfile.NamedTemporaryFile(suffix=".json") as told:
        command = [sys.executable, "-m", "benchmarks.growth", str(logs), str(songs), "--json", told.name]
        subprocess.run([*command, "--svg", "docs/growth.svg"], check=True)
        found = json.loads(Path(told.name).read_text())
    note = f"{found['tenth']:.2f} and {found['last']:.2f} s"
    yield Result(f"chunk {found['chunks']} / tenth chunk", 1.3, found["last"] / found["tenth"], note=note)
    millions = found["events"] / 1e6
    yield Result(f"ten events on top of {millions:.0f} million", 0.3, found["few"], " s", note="wall, by the API")
    yield Result(f"peak memory, {millions:.0f} million events", 1.5, found["memory"], " GB")


def of_topics(bench: Bench, _folder: Path) -> Iterator[Result]:
    """Catching up with a topic; the freshness of what is followed, on top of M; the memory over half an hour of it."""
    found = _streaming("catch-up", "--users", "3000")
    note = f"{found['events_per_processor_second']:,} a processor second"
    rate = found["events_per_second"]
    yield Result("catching up with a topic", 100_000, rate, " events/s", is_least=True, note=note)
    data = bench.data("M")
    sources = ("--logs", str(data / "log_data"), "--songs", str(data / "song_data"))
    found = _streaming("freshness", "--every", "5", *sources)
    note = f"95 %; median {found['median']} s"
    yield Result("freshness on top of M, --every 5s", 8.0, found["p95"], " s", note=note)
    found = _streaming("memory", "--minutes", "30", "--svg", "docs/memory.svg")
    note = f"median of the halves {found['median_mb_first_half']:.0f} and {found['median_mb_second_half']:.0f} MB"
    yield Result("peak memory, 30 minutes of following", 1500, found["peak_mb"], " MB", note=note)


def _streaming(*arguments: str) -> dict[str, float]:
    """What `benchmarks.streaming` measures; its last line is a document."""
    command = [sys.executable, "-m", "benchmarks.streaming", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


GROUPS: dict[str, Callable[[Bench, Path], Iterator[Result]]] = {
    "M": lambda bench, folder: of_first_load(bench, folder, "M", 1.25),
    "L": lambda bench, folder: of_first_load(bench, folder, "L", 1.35),
    "chunks": of_chunks,
    "day": of_one_more_day,
    "ten": of_ten_events,
    "postgres": of_postgres,
    "start": of_start,
    "generate": of_generate,
    "growth": of_growth,
    "topics": of_topics,
}
HEAD = ("what", "budget", "measured", "met", "")


def table(results: list[Result]) -> str:
    """The results as a table of Markdown."""
    rows = [HEAD, *(result.cells for result in results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def main() -> None:
    """Measure, and print the table; exit with 1 if a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), metavar="GROUP")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path("bench-data"))
    parser.add_argument("--bench", type=Path, default=Path("../shared/bench"))
    parser.add_argument("--markdown", type=Path, help="write the table to this file too")
    arguments = parser.parse_args()
    arguments.data.mkdir(exist_ok=True)
    bench = Bench(arguments.data.resolve(), arguments.bench.resolve(), arguments.rounds)
    results: list[Result] = []
    for group in arguments.only:
        with tempfile.TemporaryDirectory(dir=bench.folder) as name:
            for result in GROUPS[group](bench, Path(name)):
                print("  ".join(result.cells), flush=True)
                results.append(result)
    print(f"\n{table(results)}\n\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if arguments.markdown:
        arguments.markdown.write_text(table(results) + "\n", "utf-8")
    sys.exit(not all(result.is_met for result in results))


if __name__ == "__main__":
    main()
