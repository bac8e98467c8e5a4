"""The careful reader: record by record, by the letter of the contract, with a reason for each reject."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from xxhash import xxh3_128_hexdigest

from sparkify.contract import EVENTS, TOPIC_FORM_NAMES, Field, RecordType, Type
from sparkify.reader.framing import Piece, known_names
from sparkify.reader.syntax import why_no_record

MOST_NAMES = 20
"""How many unknown names of one file are told."""
MOST_UNKNOWN = 1_000
"""How many unknown names of one file are counted; a file may hold as many as it has records."""
_LONGEST_NAME = 256
"""Letters of an unknown name that are kept."""
MOST_EXAMPLES = 3
"""How many rejects of one file are told as examples, no two of a kind."""
_LOOKED_AT = 1_000
"""How many rejects of a file are looked at for examples."""
RAW_BYTES = 1_000
"""How much of a rejected record is kept, in bytes."""

Value = str | int | float | None
Record = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Reject:
    """One rejected record: where it begins, what it was, why it was rejected.

    `line` counts from 1, `offset` in bytes from 0, both in the decompressed stream. `raw_hash` is the XXH3-128 of all
    its bytes, in hexadecimal. `field` is empty when the record as a whole is at fault. `suggestion` is empty when none
    is obvious. `records` is how many records it counts for.
    """

    line: int
    offset: int
    raw_text: str
    raw_hash: str
    field: str
    reason: str
    suggestion: str = ""
    records: int = 1

    @property
    def told(self) -> str:
        """What is wrong and what to do, in words that can follow its place."""
        how = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.field} {self.reason}{how}".lstrip()

    @property
    def place(self) -> str:
        """Where it is in its file, or in its partition."""
        return f"line {self.line}" if self.line else f"offset {self.offset}"


class _Fault(Exception):
    """Why a record is rejected."""

    def __init__(self, reason: str, field: str = "", suggestion: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.suggestion = suggestion


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class CarefulReader:
    """Reads records of one type.

    It counts the records with unknown names, for the first `MOST_UNKNOWN` names that it meets, and keeps the first
    reject of each kind, `MOST_EXAMPLES` of them; `first_raw` is the text of the first reject of all if it is an object.
    """

    def __init__(self, record_type: RecordType) -> None:
        self.record_type = record_type
        self.unknown_names: dict[str, int] = {}
        self.examples: list[Reject] = []
        self._rejected = 0
        self.first_raw = b""
        self._known = known_names(record_type)

    def read(self, pieces: Iterable[Piece]) -> Iterator[Record | Reject]:
        """Each piece as a record in contract order, or as a reject."""
        for piece in pieces:
            try:
                if piece.fault:
                    raise _Fault(piece.fault)
                if piece.span:
                    why = why_no_record(piece, piece.span)
                    raise _Fault(why.reason, suggestion=why.suggestion)
                yield self._record(piece.raw)
            except _Fault as fault:
                reject = _reject(piece, fault)
                self._note(reject, piece)
                yield reject

    def _note(self, reject: Reject, piece: Piece) -> None:
        """Keep a reject as an example if none is of its kind."""
        self._rejected += 1
        if len(self.examples) == MOST_EXAMPLES or self._rejected > _LOOKED_AT:
            return
        if not self.examples:
            self.first_raw = b"" if piece.span else piece.raw
        if all(_kind_of(reject) != _kind_of(example) for example in self.examples):
            self.examples.append(reject)

    def told_names(self) -> tuple[str, ...]:
        """The unknown names that are told of a file: first those that are likely to mean a known one, then by name."""
        in_order = sorted(self.unknown_names, key=lambda name: (not meant_name(name, self.record_type), name))
        return tuple(in_order[:MOST_NAMES])

    def _count_unknown(self, names: Iterable[str]) -> None:
        for name in sorted(names):
            shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
            if shown in self.unknown_names or len(self.unknown_names) < MOST_UNKNOWN:
                self.unknown_names[shown] = self.unknown_names.get(shown, 0) + 1

    def _record(self, raw: bytes) -> Record:
        given = _parse(raw)
        if self.record_type is EVENTS and is_topic_form(given):
            given = _from_topic_form(given)
        unknown = given.keys() - self._known
        if unknown:
            self._count_unknown(unknown)
        record = {field.name: _convert(field, given.get(field.name)) for field in self.record_type.fields}
        for name in _missing(self.record_type, record):
            raise _Fault("is required, and is absent or empty", name, _misspelled(name, unknown))
        return record


def _kind_of(reject: Reject) -> tuple[str, str]:
    """What a reject has in common with others: its field, and its reason without the values in it."""
    return reject.field, _VALUES.sub("", reject.reason)


_VALUES = re.compile(r"\"[^\"]*\"|[-+.,0-9]+")


def _reject(piece: Piece, fault: _Fault) -> Reject:
    return Reject(
        piece.line,
        piece.offset,
        bounded(piece.raw),
        piece.span.hash if piece.span else xxh3_128_hexdigest(piece.raw),
        fault.field,
        fault.reason,
        fault.suggestion,
        piece.span.records if piece.span else 1,
    )


def is_topic_form(given: Mapping[str, Any]) -> bool:
    """Whether a record of events is of the topic form; null counts as absent."""
    if "duration" not in given and "city" not in given:
        return False
    there = {name for name, value in given.items() if value is not None}
    return bool(there & {"duration", "city"}) and not there & {"length", "location"}


def _from_topic_form(given: dict[str, Any]) -> dict[str, Any]:
    """A record of the topic form in the names of the file form."""
    record = {name: value for name, value in given.items() if name not in TOPIC_FORM_NAMES}
    record["length"], city, state = given.get("duration"), given.get("city"), given.get("state")
    for name, value in (("city", city), ("state", state)):
        if isinstance(value, dict | list):
            raise _Fault(f"is {_a_kind(value)}, not text", name)
    if city is not None:
        parts = (city, state) if state is not None else (city,)
        record["location"] = ", ".join(_as_text(part) for part in parts)
    is_play = all(given.get(name) is not None for name in ("artist", "song", "duration"))
    if given.get("page") is None and is_play:
        record["page"] = "NextSong"
    return record


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def bounded(raw: bytes) -> str:
    """The beginning of a raw record as printable text: control characters and bytes that are not UTF-8 as escapes."""
    text = raw[:RAW_BYTES].decode("utf-8", "backslashreplace")
    printable = text
    if not text.isprintable():
        printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return printable + ("…" if len(raw) > RAW_BYTES else "")


def _parse(raw: bytes) -> dict[str, Any]:
    """The fields of an object: text that is known to be one of RFC 8259."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise _Fault(f"is not UTF-8: byte 0x{raw[error.start]:02x} at byte {error.start} of the record") from error
    value: dict[str, Any] = _DECODER.decode(text)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Fault("is there twice", bounded(twice.encode("utf-8", "backslashreplace")))
    return record


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_Number, parse_float=_Number)
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 400
"""Digits; the exact value of every double needs fewer significant ones, and Decimal is slow on millions."""


def _convert(field: Field, value: object) -> Value:
    if value is None or (value == "" and field.type is not Type.TEXT and not isinstance(value, _Number)):
        return None
    if field.type is Type.TEXT:
        return _text(field, value)
    number = _number(field, value)
    return _whole(field, number) if field.is_whole else _double(field, number)


def _text(field: Field, value: object) -> str:
    if isinstance(value, bool):
        return _as_text(value)
    if not isinstance(value, str):
        raise _Fault(f"is {_a_kind(value)}, not text", field.name)
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise _Fault("holds a lone surrogate, which is no character", field.name) from error
    if size > field.most_bytes:
        raise _Fault(f"has {size:,} bytes; it may have {field.most_bytes:,}", field.name)
    if "\0" in value:
        raise _Fault("holds a NUL character", field.name)
    return str(value)


def _number(field: Field, value: object) -> str:
    wanted = "a whole number" if field.is_whole else "a number"
    if not isinstance(value, str):
        raise _Fault(f"is {_a_kind(value)}, not {wanted}", field.name)
    if not _JSON_NUMBER.fullmatch(value):
        inner = value.strip()
        suggestion = f"write {inner}" if inner != value and _JSON_NUMBER.fullmatch(inner) else ""
        raise _Fault(f"is the text {_quoted(value)}, not {wanted}", field.name, suggestion)
    if len(value) > _LONGEST_NUMBER:
        raise _Fault(f"is a number of {len(value):,} digits", field.name)
    return value


def _whole(field: Field, written: str) -> int:
    least, most = field.bounds
    try:
        number = Decimal(written)
    except InvalidOperation as error:  # an exponent of twenty digits
        if not written.lower().split("e")[0].strip("-0."):
            return 0
        raise _Fault(f"is {_short(written)}, outside {least} to {most}", field.name) from error
    if not least <= number <= most:
        raise _Fault(f"is {_short(written)}, outside {least} to {most}", field.name)
    if number != number.to_integral_value():
        raise _Fault(f"is {_short(written)}, which has a fraction", field.name)
    return int(number)


def _double(field: Field, written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise _Fault(f"is {_short(written)}, beyond the largest number that a double holds", field.name)
    return number + 0.0  # there is one zero, not two


def _missing(record_type: RecordType, record: Record) -> Iterator[str]:
    required: Sequence[str] = [field.name for field in record_type.fields if field.required and not field.may_be_empty]
    if record_type.required_if:
        name, value, names = record_type.required_if
        required = [*required, *names] if str(record[name]).rstrip(" ") == value else required
    yield from (field.name for field in record_type.fields if field.may_be_empty and record[field.name] is None)
    for name in required:
        value_given = record[name]
        if value_given is None or (isinstance(value_given, str) and not value_given.strip(" ")):
            yield name


def _misspelled(name: str, unknown: Iterable[str]) -> str:
    like = next((other for other in sorted(unknown) if folded(other) == folded(name)), "")
    return f"name it {name}, not {like}" if like else ""


def meant_name(name: str, record_type: RecordType) -> str:
    """The field that an unknown name is likely to mean: it differs in letter case, `_` and `-` alone; else empty."""
    names = (*record_type.names, *(TOPIC_FORM_NAMES if record_type is EVENTS else ()))
    return next((known for known in names if folded(known) == folded(name)), "")


def folded(name: str) -> str:
    """A name without what people write in more than one way: letter case, `_` and `-`."""
    return name.lower().replace("_", "").replace("-", "")


def _a_kind(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return "a number"
    kinds = {dict: "an object", list: "an array", str: "a text", type(None): "null"}
    return kinds[type(value)]


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def _quoted(text: str) -> str:
    return '"' + bounded(_short(text).encode("utf-8", "backslashreplace")) + '"'
