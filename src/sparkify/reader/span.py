"""A span: what is between two records and is none, which may be as large as the file."""

from __future__ import annotations

from xxhash import xxh3_128

from sparkify.reader.separators import Brackets, begin_of_separators, end_of_separators, filled_lines, part_of_mark

KEPT_BYTES = 64 * 1024
"""How much of a span is kept, to say what is wrong with it."""
_STEP = 1024 * 1024


class SpanBuilder:
    """Takes the bytes of a span as they come; the separators at its end are counted apart.

    `records` is how many lines hold more than separators, `size` is in bytes, `hash` is the XXH3-128 in hexadecimal,
    `brackets` are those among the separators behind it.
    """

    def __init__(self) -> None:
        self.records = 0
        self.size = 0
        self.hash = ""
        self.brackets = Brackets()
        self._hash = xxh3_128()
        self._fed = 0
        self._head = bytearray()
        self._carry = b""
        self._is_line_counted = False

    @property
    def head(self) -> bytes:
        """Its first bytes, at most `KEPT_BYTES`."""
        return bytes(self._head[: self.size])

    def feed(self, data: bytes) -> None:
        """Take bytes that follow."""
        for begin in range(0, len(data), _STEP):
            part = self._carry + data[begin : begin + _STEP]
            cut = len(part) - part_of_mark(part)
            self._carry = part[cut:]
            self._take(part[:cut])

    def finish(self) -> None:
        """Say that nothing follows."""
        rest, self._carry = self._carry, b""
        self._take(rest)

    def _take(self, part: bytes) -> None:
        self._count_lines(part)
        if len(self._head) < KEPT_BYTES:
            self._head += part[: KEPT_BYTES - len(self._head)]
        end = begin_of_separators(part)
        if end:
            self._hash.update(part[:end])
            self.size, self.hash = self._fed + end, self._hash.hexdigest()
            self.brackets = Brackets()
        if rest := part[end:]:
            self._hash.update(rest)
            self.brackets.count(rest)
        self._fed += len(part)

    def _count_lines(self, part: bytes) -> None:
        if self._is_line_counted:
            begin = part.find(b"\n")
            if begin < 0:
                return
            part = part[begin:]
        self.records += filled_lines(part)
        last = part.rfind(b"\n") + 1
        self._is_line_counted = end_of_separators(part, last) < len(part)
