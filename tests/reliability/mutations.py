"""Mutated lines in every form of a file, read by the project and by the second reader.

    python -m tests.reliability.mutations --lines 1000000

reads as many lines, and prints what was found as JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.reliability.second_reader import Read, second_reading
from tests.support import event, load, rows

from sparkify.contract import EVENTS
from sparkify.reader.canonical import canonical_lines, canonical_topic_lines
from sparkify.reader.framing import split
from sparkify.reader.validation import CarefulReader, Reject

FORMS = ("lines", "array", "array a line", "one line", "topic form")
LINES_IN_FILE = 1_000
TOKENS = (
    *(b'"', b",", b"}", b"{", b"[", b"]", b":", b"\\", b" ", b"\n", b"\r", b"\t", b"\0", b"\x1f", b"\x7f", b"\xff"),
    *(b"\xc3", b"\xef\xbb\xbf", b"\xef\xbb", b"null", b"true", b"NaN", b"1e3", b"-0", b"0", b".", b"-", b"e5", b"+"),
    *(b"9" * 17, b"1e400", b"\\u0000", b"\\ud83d", b"\\u0074s", b'"ts":', b'"":', b"{}", b'{"ts":1}', b'{"x":', b"//"),
)
_TEXTS = ("Björk", "Muse", "a{b", "}{", "[1,2]", '"quoted"', "tab\t", "\\", "日本", "\U0001f600", "", " ", '{"ts":1}')


class Compared(NamedTuple):
    """What two readers found in some files."""

    lines: int
    records: int
    loaded: int
    rejected: int
    canonical: int


def compare(folder: Path, seed: int) -> Compared:
    """Mutate lines in every form, and compare what is loaded with what the second reader finds.

    Raises:
        AssertionError: they differ.
    """
    chance = random.Random(seed)
    found: list[Read] = []
    lines_read = 0
    canonical: dict[str, list[bytes]] = {"file": [], "topic": []}
    patterns = {"file": canonical_lines(EVENTS), "topic": canonical_topic_lines()}
    (folder / "logs").mkdir(parents=True)
    for form in FORMS:
        lines = [_line(chance, form) for _ in range(LINES_IN_FILE)]
        mutated = [lines[0], *(_mutated(line, chance.choice(lines), chance) for line in lines[1:])]
        for of_form, pattern in patterns.items():
            canonical[of_form] += [line for line in mutated if pattern.fullmatch(line + b"\n")]
        content = _laid_out(mutated, form)
        found.append(second_reading(content, "events"))
        _compare_in_process(content, found[-1], f"seed {seed}, {form}")
        (folder / f"logs/{form}.json").write_bytes(content)
        lines_read += len(lines)
    for of_form, accepted in canonical.items():
        content = b"\n".join(accepted) + b"\n"
        (folder / f"logs/canonical {of_form}.json").write_bytes(content)
        found.append(second_reading(content, "events"))
    _compare_in_warehouse(folder, found, f"seed {seed}")
    loaded, rejected = sum(len(each.rows) for each in found), sum(each.rejected for each in found)
    return Compared(lines_read, loaded + rejected, loaded, rejected, sum(map(len, canonical.values())))


def _compare_in_process(content: bytes, expected: Read, where: str) -> None:
    got = list(CarefulReader(EVENTS).read(split(io.BytesIO(content), "test", EVENTS)))
    rejects = [(reject.offset, reject.records) for reject in got if isinstance(reject, Reject)]
    assert rejects == [(reject.offset, reject.records) for reject in expected.rejects], where
    assert [row for row in got if not isinstance(row, Reject)] == expected.rows, where


def _compare_in_warehouse(folder: Path, expected: list[Read], where: str) -> None:
    warehouse = load(folder, max_rejects="100%")
    names = ", ".join(f'"{name}"' for name in EVENTS.names)
    staged = Counter(map(_comparable, rows(warehouse, f"SELECT {names} FROM staging_events")))
    assert staged == Counter(_comparable(row.values()) for each in expected for row in each.rows), where
    ((records, loaded, rejected),) = rows(
        warehouse, "SELECT SUM(records), SUM(loaded), SUM(rejected) FROM etl_files WHERE state = 'loaded'"
    )
    assert (loaded, rejected) == (staged.total(), sum(each.rejected for each in expected)), where
    assert records == loaded + rejected, where
    spans = rows(warehouse, "SELECT byte_offset, records FROM etl_rejects")
    assert sorted(spans) == sorted((reject.offset, reject.records) for each in expected for reject in each.rejects)


def _comparable(values: Any) -> tuple[Any, ...]:
    """Values of a row, in which there is one zero, and whole numbers differ from others."""
    return tuple((type(value), value + 0.0 if isinstance(value, float) else value) for value in values)


def _line(chance: random.Random, form: str) -> bytes:
    fields: dict[str, Any] = {
        "ts": chance.choice([1541121934796, 1541121934797.0, 0, 253402300799999]),
        "sessionId": chance.randint(0, 9),
        "itemInSession": chance.randint(0, 99),
        "userId": chance.choice(["39", 39, "", "1"]),
        "page": chance.choice(["NextSong", "Home"]),
        "level": chance.choice(["free", "paid"]),
        "artist": chance.choice(_TEXTS),
        "song": chance.choice(_TEXTS),
        "length": chance.choice([269.58322, None, 1e-7, 12]),
        "userAgent": chance.choice(_TEXTS),
    }
    record = event(**fields)
    if form == "topic form":
        record["duration"], record["city"], record["state"] = record.pop("length"), record.pop("location"), "TX"
    if chance.random() < 0.1:
        record["device"] = chance.choice([{"ts": 1, "x": [{"page": "}"}]}, [[], {}], "{", None])
    close = chance.random() < 0.5
    text = json.dumps(record, ensure_ascii=chance.random() < 0.3, separators=(",", ":") if close else None)
    return text.encode()


def _mutated(line: bytes, other: bytes, chance: random.Random) -> bytes:
    """A line with a few changes, or none."""
    changed = bytearray(line)
    for _ in range(chance.choice([0, 0, 1, 1, 1, 2, 3])):
        if not changed:
            break
        place, width = chance.randrange(len(changed)), chance.randint(1, 12)
        how = chance.choice(["flip", "cut", "put", "replace", "double", "swap", "splice", "break off", "join"])
        if how == "flip":
            changed[place] ^= 1 << chance.randrange(8)
        elif how == "cut":
            del changed[place : place + width]
        elif how == "put":
            changed[place:place] = chance.choice(TOKENS)
        elif how == "replace":
            changed[place : place + 1] = chance.choice(TOKENS)
        elif how == "double":
            changed[place:place] = changed[place : place + width]
        elif how == "swap":
            changed[place : place + 2 * width] = (
                changed[place + width : place + 2 * width] + changed[place : place + width]
            )
        elif how == "splice":
            start = chance.randrange(len(other))
            changed[place:place] = other[start : start + chance.randint(1, 60)]
        elif how == "break off":
            changed = changed[place:] if chance.random() < 0.5 else changed[:place]
        else:
            changed += chance.choice([b"", b" ", b",", b"\n", b" x "]) + other
    return bytes(changed)


def _laid_out(lines: list[bytes], form: str) -> bytes:
    if form == "array":
        return b"[" + b",\n".join(lines) + b"]\n"
    if form == "array a line":
        return b"".join(b"[" + line + b"]\n" for line in lines)
    return (b" " if form == "one line" else b"\n").join(lines) + b"\n"


def compare_many(seeds: Iterator[int] | range) -> Compared:
    """Compare for every seed; the sums come back."""
    sums = Compared(0, 0, 0, 0, 0)
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            sums = Compared(*map(sum, zip(sums, compare(Path(folder), seed), strict=True)))
    return sums


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="mutations", description="Compare two readers on mutated lines.")
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow")
    chosen = parser.parse_args()
    seeds = range(chosen.seed, chosen.seed + -(-chosen.lines // (LINES_IN_FILE * len(FORMS))))
    print(json.dumps(compare_many(seeds)._asdict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
