"""What is between two records: white space, commas, brackets and byte-order marks."""

from __future__ import annotations

import re
from dataclasses import dataclass

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SIGNS = rb" \t\r,\[\]"
_IN_LINE = rb"(?:[" + _SIGNS + rb"]++|\xef\xbb\xbf)*+"
_FIRST = re.compile(rb"(?:[" + _SIGNS + rb"\n]++|\xef\xbb\xbf)*+")
_LAST = re.compile(rb"(?:[" + _SIGNS + rb"\n]++|\xbf\xbb\xef)*+")
_FILLED_LINE = re.compile(rb"^" + _IN_LINE + rb"[^\n]++", re.MULTILINE)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]"))
_STEP = 1024 * 1024
_FEW = 64


def end_of_separators(data: bytes, begin: int) -> int:
    """Where the separators end that begin at a place; a mark that `data` does not hold in full is none."""
    found = _FIRST.match(data, begin)
    return found.end() if found else begin


def begin_of_separators(data: bytes) -> int:
    """Where the separators begin that `data` ends with."""
    if not data or data[-1] not in b" \t\r\n,[]\xbf":
        return len(data)
    found = _LAST.match(data[::-1])
    return len(data) - (found.end() if found else 0)


def part_of_mark(data: bytes) -> int:
    """How many bytes at the end of `data` may be the beginning of a byte-order mark."""
    return next((size for size in (2, 1) if data.endswith(BYTE_ORDER_MARK[:size])), 0)


def filled_lines(data: bytes) -> int:
    """How many lines hold more than separators."""
    if b"\n" not in data:
        return int(end_of_separators(data, 0) < len(data))
    return _FILLED_LINE.subn(b"", data)[1]


@dataclass
class Brackets:
    """Brackets among separators that have no partner: `closed` ones come before the `opened` ones."""

    closed: int = 0
    opened: int = 0

    def count(self, separators: bytes) -> None:
        """Count the brackets of separators that follow."""
        for begin in range(0, len(separators), _STEP):
            marks = separators[begin : begin + _STEP].translate(None, _NO_BRACKETS)
            if marks:
                self.add(_unpaired(marks))

    def add(self, following: Brackets) -> None:
        """Count brackets that follow and were counted apart."""
        pairs = min(self.opened, following.closed)
        self.closed += following.closed - pairs
        self.opened += following.opened - pairs

    @property
    def are_paired(self) -> bool:
        """Whether every bracket has a partner."""
        return self.closed == self.opened == 0


def _unpaired(marks: bytes) -> Brackets:
    if len(marks) > _FEW:
        return _unpaired_of_many(marks)
    found = Brackets()
    for mark in marks:
        found.add(Brackets(opened=1) if mark == ord("[") else Brackets(closed=1))
    return found


def _unpaired_of_many(marks: bytes) -> Brackets:
    import numpy as np

    levels = np.cumsum(np.where(np.frombuffer(marks, dtype=np.uint8) == ord("["), 1, -1))
    closed = max(0, -int(levels.min()))
    return Brackets(closed, int(levels[-1]) + closed)
