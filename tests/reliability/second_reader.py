"""A second reader of files, written from DESIGN section 3 alone: slow, and simple enough to be believed.

It shares no code with the reader of the project: objects are found by trying the JSON decoder at every place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from tests.reliability.model.values import REQUIRED, Pairs, Row, read

SEPARATORS = b" \t\r\n,[]"
MARK = b"\xef\xbb\xbf"
MOST_LEVELS = 100
_SPACE = " \t\r\n"


class Rejected(NamedTuple):
    """A reject: where it begins, in bytes, its text, and for how many records it counts."""

    offset: int
    raw: bytes
    records: int


class Read(NamedTuple):
    """What a file holds."""

    rows: list[Row]
    rejects: list[Rejected]

    @property
    def rejected(self) -> int:
        """How many records were rejected."""
        return sum(reject.records for reject in self.rejects)


def second_reading(raw: bytes, kind: str) -> Read:
    """What a file of a kind, `events` or `songs`, holds by the contract."""
    text = raw.decode("latin-1")  # one letter for one byte
    rows: list[Row] = []
    rejects: list[Rejected] = []
    edge = 0
    for start, end in _objects(text, kind):
        rejects += _span(raw, edge, start)
        edge = end
        pairs = _pairs(text, start)
        is_fit = not _is_not_utf8(raw[start:end]) and not _has_a_name_twice(_DECODER.decode(text[start:end]))
        row = read(kind, pairs).row if is_fit else None
        if row is None:
            rejects.append(Rejected(start, raw[start:end], 1))
        else:
            rows.append(row)
    rejects += _span(raw, edge, len(raw))
    return Read(rows, rejects)


def _objects(text: str, kind: str) -> Iterator[tuple[int, int]]:
    """Where the objects begin and end that are records."""
    raw = text.encode("latin-1")
    place, has_failed = 0, False
    while place < len(text):
        if not has_failed and (width := _separator(raw, place)):
            place += width
            continue
        end = _end_of_object(text, place) if text[place] == "{" else 0
        if end and has_failed and not {name for name, _ in _pairs(text, place)} & set(REQUIRED[kind]):
            end = 0
        if end:
            yield place, end
            place, has_failed = end, False
        else:
            has_failed = True
            following = text.find("{", place + 1)
            place = following if following >= 0 else len(text)


def _end_of_object(text: str, place: int) -> int:
    """Where the object ends that begins at a place; 0 if none does."""
    try:
        value, end = _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        return 0
    return end if _levels(value) <= MOST_LEVELS else 0


def _levels(value: Any) -> int:
    if isinstance(value, _Members):
        return 1 + max((_levels(each) for _, each in value), default=0)
    return 1 + max(map(_levels, value), default=0) if isinstance(value, list) else 0


def _has_a_name_twice(value: Any) -> bool:
    """Whether one of the objects in a value has a name twice."""
    if isinstance(value, _Members):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(_has_a_name_twice(each) for _, each in value)
    return isinstance(value, list) and any(map(_has_a_name_twice, value))


def _pairs(text: str, place: int) -> Pairs:
    """The fields of the object at a place: names, and values as they are written."""
    pairs = []
    place = _past_space(text, place + 1)
    while text[place] != "}":
        if text[place] == ",":
            place = _past_space(text, place + 1)
        name, end = _DECODER.raw_decode(text, place)
        place = _past_space(text, _past_space(text, end) + 1)
        _, end = _DECODER.raw_decode(text, place)
        pairs.append((_as_utf8(name), _as_utf8(text[place:end])))
        place = _past_space(text, end)
    return pairs


def _past_space(text: str, place: int) -> int:
    while text[place] in _SPACE:
        place += 1
    return place


def _as_utf8(text: str) -> str:
    """Text that was taken letter for byte, as what it is in UTF-8; letters above that came from escapes."""
    if any(letter > "\xff" for letter in text):
        return "".join(_as_utf8(part) if part <= "\xff" else part for part in text)
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def _is_not_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return True
    return False


def _span(raw: bytes, start: int, end: int) -> list[Rejected]:
    """What is between two records, without the separators at its ends."""
    while start < end and (width := _separator(raw, start)):
        start += width
    while start < end and (width := _separator_before(raw, end)):
        end -= width
    lines = [line for line in raw[start:end].split(b"\n") if line.replace(MARK, b"").strip(SEPARATORS)]
    return [Rejected(start, raw[start:end], len(lines))] if start < end else []


def _separator(raw: bytes, place: int) -> int:
    if raw.startswith(MARK, place):
        return len(MARK)
    return int(raw[place] in SEPARATORS)


def _separator_before(raw: bytes, place: int) -> int:
    if raw.endswith(MARK, 0, place):
        return len(MARK)
    return int(raw[place - 1] in SEPARATORS)


class _Members(list[tuple[str, Any]]):
    """The members of an object, in their order."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _as_written(number: str) -> str:
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Members, parse_int=_as_written, parse_float=_as_written, parse_constant=_no_constant
)
