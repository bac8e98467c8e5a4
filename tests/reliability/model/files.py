"""Files: records and junk laid out as bytes, and what a reader must find in them by the contract's one grammar."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import zstandard
from tests.reliability.model.values import Pairs, Row, has_required_names, read

MARK = b"\xef\xbb\xbf"
SEPARATORS = b" \t\r\n,[]"
PACKINGS = {"": bytes, ".gz": lambda raw: gzip.compress(raw, 1, mtime=0), ".zst": zstandard.ZstdCompressor(1).compress}
FORMS = ("lines", "lines", "lines", "crlf", "one line", "array", "pretty", "array a line", "mixed")


@dataclass(frozen=True)
class Record:
    """An object with its fields as raw JSON."""

    pairs: Pairs


@dataclass(frozen=True)
class Junk:
    """Text that is no object and no separator; it holds no `{` of a whole object."""

    text: str


Piece = Record | Junk


@dataclass(frozen=True)
class File:
    """What a file holds and how it is written; `seed` decides about layout where the form leaves it open.

    `cut` bytes at its end are not written yet.
    """

    kind: str
    pieces: tuple[Piece, ...]
    form: str = "lines"
    packing: str = ""
    seed: int = 0
    cut: int = 0

    def content(self) -> bytes:
        """The bytes of the file, as they are stored."""
        return PACKINGS[self.packing](_laid_out(self)[0])


class Reject(NamedTuple):
    """One reject: where it begins, the fields that may be named, how many records it counts for, and all its bytes."""

    line: int
    offset: int
    fields: frozenset[str]
    records: int
    raw: bytes


class Found(NamedTuple):
    """What a reader must find in a file."""

    rows: list[Row]
    rejects: list[Reject]
    is_failed: bool

    @property
    def rejected(self) -> int:
        """Records that are not loaded."""
        return sum(reject.records for reject in self.rejects)

    @property
    def records(self) -> int:
        """All records."""
        return len(self.rows) + self.rejected


def found_in(file: File) -> Found:
    """What the contract says of a file."""
    raw, objects = _laid_out(file)
    reads = [(start, end, read(file.kind, record.pairs)) for start, end, record in objects]
    rows = [each.row for _, _, each in reads if each.row is not None]
    rejects = [
        Reject(_line(raw, start), start, each.faults, 1, raw[start:end])
        for start, end, each in reads
        if each.row is None
    ]
    rejects += _spans(raw, [(start, end) for start, end, _ in reads])
    is_single = len(objects) == 1 and len(rejects) == 1 and has_required_names(file.kind, objects[0][2].pairs)
    is_failed = bool(rejects) and not rows and not is_single
    return Found(rows, sorted(rejects, key=lambda reject: reject.offset), is_failed)


def _spans(raw: bytes, objects: Sequence[tuple[int, int]]) -> Iterable[Reject]:
    """All between two objects, without the separators at its ends; it counts its lines that hold more than those."""
    edges = [0, *(edge for pair in objects for edge in pair), len(raw)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        first, last = start, end
        while first < last and (width := _separator_at(raw, first)):
            first += width
        while first < last and (width := _separator_before(raw, last)):
            last -= width
        if first < last:
            lines = [line for line in raw[first:last].split(b"\n") if line.replace(MARK, b"").strip(SEPARATORS)]
            yield Reject(_line(raw, first), first, frozenset({""}), len(lines), raw[first:last])


def _separator_at(raw: bytes, place: int) -> int:
    if raw.startswith(MARK, place):
        return len(MARK)
    return int(raw[place] in SEPARATORS)


def _separator_before(raw: bytes, place: int) -> int:
    if raw.endswith(MARK, 0, place):
        return len(MARK)
    return int(raw[place - 1] in SEPARATORS)


def _line(raw: bytes, offset: int) -> int:
    return raw.count(b"\n", 0, offset) + 1


def _laid_out(file: File) -> tuple[bytes, list[tuple[int, int, Record]]]:
    """The bytes before packing, and where each object begins and ends."""
    chance = random.Random(file.seed)
    raw = bytearray(_head(file, chance))
    objects = []
    for place, piece in enumerate(file.pieces):
        raw += _gap(file.form, place, chance)
        start = len(raw)
        raw += _written(piece, file.form, chance)
        if isinstance(piece, Record):
            objects.append((start, len(raw), piece))
        if file.form == "array a line":
            raw += b"]"
    raw += _tail(file, chance)
    size = len(raw) - file.cut if file.cut < len(raw) else len(raw)
    return bytes(raw[:size]), [(start, end, record) for start, end, record in objects if end <= size]


def _head(file: File, chance: random.Random) -> bytes:
    mark = MARK if chance.random() < 0.1 else b""
    return mark + (b"[" if file.form == "array" else b"")


def _gap(form: str, place: int, chance: random.Random) -> bytes:
    if form == "array a line":
        return b"[" if place == 0 else b"\n["
    if form == "mixed":
        return chance.choice([b"\n", b" ", b",", b"\n\n", b",\n", b"]\n[", MARK, b"\r\n", b"\t"]) if place else b""
    if place == 0:
        return b""
    return {"crlf": b"\r\n", "one line": b" ", "array": b",\n ", "pretty": b"\n"}.get(form, b"\n")


def _tail(file: File, chance: random.Random) -> bytes:
    if file.form == "array":
        return b"]\n"
    return chance.choice([b"\n", b"\n", b"", b" \n"])


def _written(piece: Piece, form: str, chance: random.Random) -> bytes:
    if isinstance(piece, Junk):
        return piece.text.encode()
    comma, colon, ends = (",\n  ", ": ", ("{\n  ", "\n}")) if form == "pretty" else (", ", ": ", ("{", "}"))
    if form == "lines" and chance.random() < 0.3:
        comma, colon = ",", ":"
    fields = comma.join(f'"{name}"{colon}{value}' for name, value in piece.pairs)
    return (ends[0] + fields + ends[1]).encode("utf-8", "surrogatepass")
