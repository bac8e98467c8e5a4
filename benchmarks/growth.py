"""How the cost of a chunk follows what the warehouse holds: the days of a data set are loaded one by one.

usage: python -m benchmarks.growth LOGS SONGS [--lines 200000] [--chunks 200] [--svg docs/growth.svg]

LOGS is a folder of newline-delimited events, such as `sparkify generate --users 60000` makes; when they are used up,
they come again a month later. Their lines are cut into
files of `--lines`, and each is loaded by a run of its own in this process, on top of the others. What is measured is
the processor time of the run, without the cutting. Every tenth chunk is followed by one of ten events.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import sparkify

FEW = 10
MONTH = 31 * 86_400_000
_TS = re.compile(rb'("ts": ?)(\d+)')
WIDTH, HEIGHT, MARGIN = 720, 300, 48


class Measured(NamedTuple):
    """One run: events in the warehouse before it, and seconds."""

    before: int
    processor: float
    wall: float


def lines_of(logs: Path) -> Iterator[bytes]:
    """All lines of the folder, file by file; then the same months later, without end."""
    for copy in count():
        for path in sorted(logs.rglob("*.json")):
            with path.open("rb") as file:
                yield from file if not copy else (moved(line, copy) for line in file)


def moved(line: bytes, copy: int) -> bytes:
    """The event of a line so many months later, for a longer history: 31 days each, in sessions of its own."""
    return _TS.sub(lambda found: b"%b%d" % (found[1], int(found[2]) + copy * MONTH), line, count=1)


def load(warehouse: str, logs: Path, songs: Path, before: int) -> Measured:
    """Load what is new."""
    wall, processor = time.perf_counter(), time.process_time()
    with sparkify.connect(warehouse) as connection:
        connection.etl(logs=str(logs), songs=str(songs))
    return Measured(before, time.process_time() - processor, time.perf_counter() - wall)


def few(number: int, line: bytes) -> bytes:
    """Ten events of one session, right after the event of a line."""
    event = json.loads(line)
    moved = (
        {**event, "sessionId": 10**12 + number, "itemInSession": item, "ts": event["ts"] + item} for item in range(FEW)
    )
    return b"".join(json.dumps(each).encode() + b"\n" for each in moved)


def measure(arguments: argparse.Namespace) -> tuple[list[Measured], list[Measured]]:
    """The runs of whole chunks, and those of ten events."""
    chunks: list[Measured] = []
    small: list[Measured] = []
    lines = lines_of(arguments.logs)
    with tempfile.TemporaryDirectory() as name:
        folder, warehouse = Path(name) / "logs", f"duckdb:///{Path(name) / 'w.duckdb'}"
        folder.mkdir()
        before = 0
        while len(chunks) < arguments.chunks and (chunk := list(islice(lines, arguments.lines))):
            (folder / f"{len(chunks):04}.json").write_bytes(b"".join(chunk))
            chunks.append(load(warehouse, folder, arguments.songs, before))
            before += len(chunk)
            if len(chunks) % 10 == 0:
                (folder / f"{len(chunks):04}-few.json").write_bytes(few(len(chunks), chunk[-1]))
                small.append(load(warehouse, folder, arguments.songs, before))
                before += FEW
            print(f"{len(chunks):4} {before:11,} events  {chunks[-1].processor:6.2f} s processor", flush=True)
    return chunks, small


def around(runs: list[Measured], place: int) -> float:
    """The median of five runs around one of them."""
    place = min(max(place, 2), len(runs) - 3)
    return statistics.median(run.processor for run in runs[place - 2 : place + 3])


def draw(runs: list[Measured]) -> str:
    """The runs as an SVG: processor seconds over the events that were there before."""
    most, widest = max(run.processor for run in runs[1:]) * 1.2, runs[-1].before or 1
    right, bottom = WIDTH - MARGIN, HEIGHT - MARGIN
    points = " ".join(
        f"{MARGIN + run.before / widest * (right - MARGIN):.1f},{bottom - run.processor / most * (bottom - MARGIN):.1f}"
        for run in runs[1:]
    )
    font = 'font-family="sans-serif" font-size="13"'
    more = f"{widest / 1e6:.1f} million events in the warehouse before it"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {font}>
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
<path d="M{MARGIN},{MARGIN} V{bottom} H{right}" fill="none" stroke="#555"/>
<polyline points="{points}" fill="none" stroke="#0b5cad" stroke-width="2"/>
<text x="{MARGIN}" y="{MARGIN - 12}">processor seconds of a chunk</text>
<text x="{MARGIN - 8}" y="{MARGIN + 10}" text-anchor="end">{most:.1f}</text>
<text x="{MARGIN - 8}" y="{bottom}" text-anchor="end">0</text>
<text x="{MARGIN}" y="{bottom + 20}">0</text>
<text x="{right}" y="{bottom + 20}" text-anchor="end">{more}</text>
</svg>
"""


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", type=Path)
    parser.add_argument("songs", type=Path)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    runs, small = measure(arguments)
    tenth, last = around(runs, 9), around(runs, len(runs) - 1)
    print(
        f"the tenth chunk {tenth:.2f} s, the last of {len(runs)} {last:.2f} s: {last / tenth:.2f} times (budget 1.30)"
    )
    if small:
        seconds = ", ".join(f"{run.wall:.2f}" for run in small)
        print(f"ten events, from the first to the last: {seconds} s wall (budget 0.30)")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB (budget 1.5)")
    if arguments.json:
        found = {
            "chunks": len(runs),
            "events": runs[-1].before + arguments.lines,
            "tenth": tenth,
            "last": last,
            "few": statistics.median(run.wall for run in small[-5:]),
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        }
        arguments.json.write_text(json.dumps(found))
    if arguments.svg:
        arguments.svg.write_text(draw(runs), "utf-8")


if __name__ == "__main__":
    main()
