"""Reading takes time in proportion to the file, and little memory, whatever the file holds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

from sparkify.contract import EVENTS
from sparkify.reader.framing import split
from sparkify.reader.validation import CarefulReader, Reject

MEGABYTE = 1_000_000


class _Case(NamedTuple):
    """A text to be repeated, and how many records `size` bytes of it hold, all of them rejected."""

    unit: bytes
    records: int


UNFINISHED = b'{"ts": 1541106106796, "sessionId": 139, "page": "NextSong", "userId": '
CASES = {
    "braces": _Case(b"{", 1),
    "brackets": _Case(b"[", 0),
    "quotes": _Case(b'"', 1),
    "unfinished records": _Case(UNFINISHED, 1),
    "unfinished records on lines": _Case(b'{"ts": 1541106106796, "sessionId": 139, "page": "Next\n', -1),
    "unfinished records within each other": _Case(b'{"ts":', 1),
    "beginnings of records": _Case(b'{"ts":1,', 1),
    "objects in lists without end": _Case(b'{"a":[1,', 1),
    "texts that swallow each other": _Case(b'{",":', 1),
    "byte-order marks before text": _Case(b"\xef\xbb\xbfx", 1),
    "quotes on lines": _Case(b'"\n', -1),
}


class _Stream:
    """A unit, over and over, up to a size."""

    def __init__(self, unit: bytes, size: int) -> None:
        self._block = unit * max(1, 2 * MEGABYTE // len(unit))
        self._at = 0
        self._left = size // len(unit) * len(unit)

    def readinto(self, buffer: memoryview, /) -> int:
        count = min(len(buffer), self._left, len(self._block) - self._at)
        buffer[:count] = self._block[self._at : self._at + count]
        self._at = (self._at + count) % len(self._block)
        self._left -= count
        return count


def _read(name: str, size: int) -> tuple[float, int]:
    """Processor seconds, and records rejected; nothing is accepted."""
    begun = time.process_time()
    found = list(CarefulReader(EVENTS).read(split(_Stream(CASES[name].unit, size), "test", EVENTS)))
    rejects = [reject for reject in found if isinstance(reject, Reject)]
    assert len(rejects) == len(found)
    return time.process_time() - begun, sum(reject.records for reject in rejects)


def _expected(name: str, size: int) -> int:
    unit, records = CASES[name]
    return size // len(unit) if records < 0 else records


@pytest.mark.parametrize("name", CASES)
def test_time_is_in_proportion_to_the_size(name: str) -> None:
    small, large = MEGABYTE // 2, 4 * MEGABYTE
    assert _read(name, small)[1] == _expected(name, small)
    seconds = [min(_read(name, size)[0] for _ in range(2)) for size in (small, large)]
    assert _read(name, large)[1] == _expected(name, large)
    assert seconds[1] < 8 * 3 * max(seconds[0], 0.01)  # eight times as large, three times for noise


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_100_megabytes_take_20_seconds_and_300_megabytes_at_the_most(name: str) -> None:
    program = (
        "import json, resource, sys\n"
        "from tests.unit.reader.test_linear import _read, MEGABYTE\n"
        "seconds, records = _read(sys.argv[1], 100 * MEGABYTE)\n"
        "print(json.dumps([seconds, records, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=True)
    seconds, records, megabytes = json.loads(done.stdout)
    assert records == _expected(name, 100 * MEGABYTE)
    assert seconds < 20
    assert megabytes < 300
